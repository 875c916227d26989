using System.IO.Compression;
using System.Text;

namespace Streams.Simulator.Tests.Replay;

internal sealed class TemporaryFiles : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("streams-replay-").FullName;

    public const string Header = "device_id,device_type,district,latitude,longitude,observed_at,metric,value,unit";

    public string Write(string name, params string[] lines) => WriteText(name, string.Join('\n', lines) + "\n");

    public string Csv(string name, params string[] rows) => Write(name, [Header, .. rows]);

    public string WriteText(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        using FileStream file = File.Create(path);
        using Stream to = name.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionLevel.Fastest) : file;
        to.Write(bytes);
        return path;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
