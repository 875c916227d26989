using System.IO.Compression;
using System.Text;

namespace Streams.Simulator.Replay;

/// <summary>
/// A file of recorded readings, opened as what it is: gzip by its first bytes, JSON lines when its text begins with a brace,
/// else CSV. The text is UTF-8. Only a few blocks of it are in memory at a time.
/// </summary>
public static class RecordedFile
{
    /// <param name="place">First part of the areas' ids; null takes it from the file's name (<see cref="Slug.PlaceOf"/>).</param>
    /// <exception cref="IOException">The file is missing or can not be read.</exception>
    /// <exception cref="InvalidDataException">It is not a recording: no header line, columns missing, or no place known. Says what to do.</exception>
    public static RecordedReadings Open(string path, string? place = null)
    {
        var unusable = new UnusableRows();
        return Open(path, place, unusable);
    }

    /// <summary>Opens several files as one stream, merged by time; with one set of counts.</summary>
    public static RecordedReadings Open(IReadOnlyList<string> paths, string? place = null)
    {
        var unusable = new UnusableRows();
        var files = new List<RecordedReadings>(paths.Count);
        try
        {
            foreach (string path in paths)
            {
                files.Add(Open(path, place, unusable));
            }

            return files.Count == 1 ? files[0] : new MergedReadings(files, unusable);
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }
    }

    private static RecordedReadings Open(string path, string? place, UnusableRows unusable)
    {
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 64 * 1024, FileOptions.SequentialScan);
        try
        {
            Span<byte> magic = stackalloc byte[2];
            bool gzip = file.ReadAtLeast(magic, 2, throwOnEndOfStream: false) == 2 && magic is [0x1f, 0x8b];
            file.Position = 0;
            Stream plain = gzip ? new GZipStream(file, CompressionMode.Decompress) : file;
            var text = new StreamReader(plain, Encoding.UTF8, detectEncodingFromByteOrderMarks: true, bufferSize: 64 * 1024);
            int first = text.Peek();
            while (first is '\n' or '\r' or ' ' or '\t')
            {
                text.Read();
                first = text.Peek();
            }

            if (first < 0)
            {
                throw new InvalidDataException($"{path} is empty; a recording begins with a header line (CSV) or a JSON object (JSON lines).");
            }

            return first == '{'
                ? new JsonReadings(path, file, text, place is null ? Slug.PlaceOf(path) : Slug.Of(place), unusable)
                : new CsvReadings(path, file, text, PlaceFor(path, place), unusable);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static string PlaceFor(string path, string? place)
    {
        string? slug = place is null ? Slug.PlaceOf(path) : Slug.Of(place);
        return slug is { Length: > 0 }
            ? slug
            : throw new InvalidDataException(place is null
                ? $"{path}: the place is not clear from the file's name (air_beijing_2015.csv would be beijing); give it with --place."
                : $"The place \"{place}\" has neither letter nor digit.");
    }
}
