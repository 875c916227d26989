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

// The console's own writer keeps silent when nobody reads a pipe any more, and a watch would go on for nobody. For a file it is the right one:
// it writes where the file's other writers left off.
using var raw = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
using TextWriter? pipe = Console.IsOutputRedirected && !raw.CanSeek ? new StreamWriter(raw) { AutoFlush = true } : null;
return await CommandLine.RunAsync(args, pipe ?? Console.Out, Console.Error, stop.Token).ConfigureAwait(false);
