using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Streams.Cli;

// The first Ctrl-C or SIGTERM asks for a clean stop; the second one gets the system's default and ends the process.
using var stop = new CancellationTokenSource();
void Stop(PosixSignalContext context)
{
    context.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
}

using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

// The console's own writer keeps silent when nobody reads the pipe any more, and a watch would go on for nobody.
using TextWriter? pipe = Console.IsOutputRedirected ? new StreamWriter(new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0)) { AutoFlush = true } : null;
return await CommandLine.RunAsync(args, pipe ?? Console.Out, Console.Error, stop.Token).ConfigureAwait(false);
