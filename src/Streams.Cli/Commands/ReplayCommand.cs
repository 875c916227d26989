using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Streams.Cli.Output;
using Streams.Cli.Server;
using Streams.Runtime.Log;
using Streams.Runtime.Log.Kafka;
using Streams.Simulator.Replay;

namespace Streams.Cli.Commands;

/// <summary><c>streams replay</c>: recorded readings into Kafka.</summary>
internal static class ReplayCommand
{
    public static Command Build(SharedOptions shared, Screen screen)
    {
        var files = new Argument<string[]>("FILE")
        {
            HelpName = "FILE",
            Description = "Recorded readings: CSV or JSON lines, gzip or not; several are merged by time.",
            Arity = ArgumentArity.OneOrMore,
        };
        files.NoOption();
        Option<double?> speed = Lists.Read<double?>(
            "--speed",
            "N|max",
            "Times faster than recorded: 1 is real time, 3600 an hour a second; max (default) as fast as the node takes it.",
            text => text == "max" ? (true, null)
                : double.TryParse(text.TrimEnd('x'), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double times) && times > 0 && double.IsFinite(times) ? (true, times)
                : default,
            "neither max nor a number above 0");
        Option<DateTimeOffset?> asOf = Lists.Read<DateTimeOffset?>(
            "--as-of",
            "TIME",
            "Shift all times so that the first reading gets this one: RFC 3339 with an offset, \"now\", or so long ago, such as 7d. Default: the recorded times.",
            text => Lists.TryMoment(text, shared.Time.GetUtcNow(), out DateTimeOffset moment) ? (true, moment) : default,
            "neither a time such as 2026-11-22T10:00:00Z, nor now, nor a span such as 7d");
        Option<string?> place = Lists.Text("--place", "NAME", "First part of the areas' ids. Default: the second part of each file's name, as in air_beijing_2015.csv.");
        Option<string?> kafka = Lists.Text("--kafka", "HOST:PORT", "Kafka's bootstrap servers. Default: the environment variable STREAMS__KAFKA__BOOTSTRAPSERVERS, or 127.0.0.1:9092.");
        var topic = new Option<string>("--topic") { Description = "Topic to write to.", HelpName = "NAME", DefaultValueFactory = _ => "city.readings" };
        ExampleCommand replay = new ExampleCommand(
            "replay",
            "Sends recorded readings to Kafka as if they came from the devices. Areas are PLACE/DISTRICT in lower case with hyphens.",
            "streams replay air_beijing_2015-11_2016-02.csv.gz",
            "streams replay data/*.csv.gz --speed 3600 --as-of now").Taking(files, speed, asOf, place, kafka, topic);
        replay.SetAction(async (parsed, stop) =>
        {
            string bootstrap = parsed.GetValue(kafka) ?? Environment.GetEnvironmentVariable("STREAMS__KAFKA__BOOTSTRAPSERVERS") ?? "127.0.0.1:9092";
            var pace = new Pace { Speed = parsed.GetValue(speed), FirstTimeInMs = parsed.GetValue(asOf)?.ToUnixTimeMilliseconds() };
            using RecordedReadings readings = RecordedFile.Open(parsed.GetRequiredValue(files), parsed.GetValue(place));
            using NodeClient node = shared.Connect(parsed);
            LagLimit? limit = await NodeLag.LimitFor(node, bootstrap, screen.Error, stop).ConfigureAwait(false);
            var display = new ReplayDisplay(screen.Error, isTerminal: ReferenceEquals(screen.Error, Console.Error) && !Console.IsErrorRedirected, screen.Width);
            ReplayResult result;
            try
            {
                using var log = new KafkaLog(new KafkaLogOptions { BootstrapServers = bootstrap, ClientId = "streams-replay" });
                int partitions = PartitionsOf(log, parsed.GetRequiredValue(topic), bootstrap);
                using ILogWriter writer = log.CreateWriter("replay", lingerInMs: 20);
                result = await new Replayer(writer, parsed.GetRequiredValue(topic), partitions, pace, limit, TimeProvider.System).RunAsync(readings, display, stop).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is LogFailedException or TimeoutException)
            {
                display.End();
                throw new CommandFailedException(ExitStatus.Failed, failure.Message);
            }

            display.End();
            Write(screen, parsed.GetValue(shared.Output), result, readings.Unusable);
            if (stop.IsCancellationRequested)
            {
                screen.Error.WriteLine("Stopped before the end.");
                return ExitStatus.Failed;
            }

            if (result.Sent == 0)
            {
                screen.Error.WriteLine("There was no usable reading.");
                return ExitStatus.Failed;
            }

            return ExitStatus.Done;
        });
        return replay;
    }

    internal static int PartitionsOf(KafkaLog log, string topic, string bootstrap)
    {
        try
        {
            return log.PartitionsOf(topic);
        }
        catch (LogFailedException failure)
        {
            throw new CommandFailedException(ExitStatus.NoServer, $"Kafka at {bootstrap} can not be used: {failure.Message} Start a node with 'streams up', or name another Kafka with --kafka.");
        }
    }

    private static void Write(Screen screen, OutputForm form, ReplayResult result, UnusableRows unusable)
    {
        string? Time(long? timeInMs) => timeInMs is { } ms ? Lists.Rfc3339(DateTimeOffset.FromUnixTimeMilliseconds(ms)) : null;
        JsonElement answer = JsonSerializer.SerializeToElement(new
        {
            readings = result.Delivered,
            firstTime = Time(result.FirstTimeInMs),
            lastTime = Time(result.LastTimeInMs),
            shiftInMs = result.ShiftInMs,
            seconds = Math.Round(result.Elapsed.TotalSeconds, 3),
            readingsPerSecond = result.Elapsed > TimeSpan.Zero ? Math.Round(result.Delivered / result.Elapsed.TotalSeconds) : 0,
            unusableRows = unusable.Count,
            unusable = unusable.ByReason.Select(entry => new { reason = entry.Reason, count = entry.Count, first = entry.Places }),
        });
        if (form == OutputForm.Json)
        {
            screen.Json(answer);
        }
        else
        {
            DocumentView.Write(screen, answer);
        }
    }
}
