using System.Buffers;
using System.Collections.Immutable;
using Streams.Domain.Readings;
using Streams.Domain.Windows;

namespace Streams.Domain.Dispatch;

public sealed partial class Dispatcher
{
    /// <summary>Version of the stored form. A node reads its own and all earlier ones.</summary>
    private const byte SnapshotVersion = 2;

    /// <summary>In one piece, and in another order.</summary>
    private const byte Unsectioned = 1;

    /// <summary>Requests of both kinds, and those of which something stands, one for each asset at most.</summary>
    private const int MostStored = (2 * MaxOpenRequests) + MaxAssets;

    /// <summary>Roughly, in memory, with the bytes that its sections were last written as.</summary>
    public int SizeInBytes
    {
        get
        {
            long size = 1000 + (_over.Count * 700L) + (_rests.Count * 120L);
            foreach (RequestRun run in _requests.Values)
            {
                size += 1500 + (run.Candidates.IsDefault ? 0 : run.Candidates.Length * 8L);
            }

            foreach (Holding holding in _holdings.Values)
            {
                size += 1600 + (holding.Assets.Count * 180L);
            }

            return (int)Math.Min(size, int.MaxValue);
        }
    }

    /// <summary>Writes everything but what waits to be drained: drain first, or store what was drained in the same transaction.</summary>
    /// <param name="section">Told before each part that can be stored by itself, with its number, ascending: of a thousand requests one changes at a time.</param>
    public void Save(IBufferWriter<byte> output, Action<long>? section = null)
    {
        var writer = new SnapshotWriter(output);
        writer.Byte(SnapshotVersion);
        writer.Text(Area);
        writer.Text(System);
        writer.Signed(_numbers);
        writer.Signed(_lastInMs);
        writer.Signed(_kept);
        writer.Unsigned((ulong)_rests.Count);
        foreach ((string asset, (long until, int times)) in _rests)
        {
            writer.Text(asset);
            writer.Signed(until);
            writer.Signed(times);
        }

        writer.Unsigned((ulong)_requests.Count);
        writer.Unsigned((ulong)_holdings.Count);
        writer.Unsigned((ulong)_things.Count);
        writer.Unsigned((ulong)_leftBehind.Count);
        writer.Unsigned((ulong)_overInOrder.Count);
        foreach (RequestRun run in _requests.Values.OrderBy(run => run.Number))
        {
            section?.Invoke(SectionOf(1, run.Number));
            Write(writer, run);
        }

        foreach (Holding holding in _holdings.Values)
        {
            section?.Invoke(SectionOf(2, holding.Number));
            Write(writer, holding);
        }

        // Which lies upon which: with the lowest, of which there may be many things.
        long lowest = 0;
        foreach ((string asset, List<Holding> stack) in _things.OrderBy(each => each.Value[0].Number).ThenBy(each => each.Key, StringComparer.Ordinal))
        {
            if (stack[0].Number != lowest)
            {
                lowest = stack[0].Number;
                section?.Invoke(SectionOf(3, lowest));
            }

            writer.Text(asset);
            writer.Unsigned((ulong)stack.Count);
            foreach (Holding holding in stack)
            {
                writer.Signed(holding.Number);
            }
        }

        foreach (Holding holding in _leftBehind.Values.OrderBy(holding => holding.Number))
        {
            section?.Invoke(SectionOf(4, holding.Number));
            Write(writer, holding);
        }

        long kept = _kept - _overInOrder.Count;
        foreach (string id in _overInOrder)
        {
            section?.Invoke(SectionOf(5, ++kept));
            writer.Text(_over[id].IncidentId);
            Write(writer, _over[id].Last);
        }
    }

    private static long SectionOf(int sort, long number) => ((long)sort << 48) | number;

    /// <summary>Takes back what <see cref="Save"/> wrote.</summary>
    /// <param name="map">As the configuration has it now: what is not in it any more finishes what it does.</param>
    /// <param name="fault">Why the snapshot can not be used.</param>
    public static Dispatcher? Restore(ReadOnlySpan<byte> snapshot, DispatchMap map, out string? fault)
    {
        var reader = new SnapshotReader(snapshot);
        byte version = reader.Byte();
        if (version is 0 or > SnapshotVersion)
        {
            fault = $"a dispatcher's snapshot of version {version}; this node reads up to version {SnapshotVersion}";
            return null;
        }

        var dispatcher = new Dispatcher(map);
        string key = $"{reader.Text()}/{reader.Text()}";
        if (!reader.Failed && key != dispatcher.Key)
        {
            fault = $"the snapshot is of {key}, not of {dispatcher.Key}";
            return null;
        }

        dispatcher.ReadRest(ref reader, version);
        fault = reader.Failed || !reader.AtEnd ? $"the snapshot of dispatcher {dispatcher.Key} is cut short or damaged" : null;
        return fault is null ? dispatcher : null;
    }

    private void ReadRest(ref SnapshotReader reader, byte version)
    {
        _numbers = reader.Signed();
        _lastInMs = reader.Signed();
        if (version == Unsectioned)
        {
            ReadRequests(ref reader, reader.Count(MostStored));
            ReadHoldings(ref reader, reader.Count(MostStored));
            ReadStacks(ref reader, reader.Count(2 * MaxAssets));
            ReadLeftBehind(ref reader, reader.Count(MaxAssets));
            ReadRests(ref reader);
            ReadOver(ref reader, reader.Count(MaxOver));
            _kept = _overInOrder.Count;
            return;
        }

        _kept = reader.Signed();
        ReadRests(ref reader);
        (int requests, int holdings, int stacks, int left, int over) =
            (reader.Count(MostStored), reader.Count(MostStored), reader.Count(2 * MaxAssets), reader.Count(MaxAssets), reader.Count(MaxOver));
        ReadRequests(ref reader, requests);
        ReadHoldings(ref reader, holdings);
        ReadStacks(ref reader, stacks);
        ReadLeftBehind(ref reader, left);
        ReadOver(ref reader, over);
    }

    private void ReadRequests(ref SnapshotReader reader, int count)
    {
        for (int left = count; left > 0 && !reader.Failed; left--)
        {
            RequestRun run = ReadRequest(ref reader);
            _requests[run.Id] = run;
            _open += run.IsOver ? 0 : 1;
            if (!run.IsOver && !run.IsUndo && run.Left > 0)
            {
                Queue(run);
            }
        }
    }

    private void ReadHoldings(ref SnapshotReader reader, int count)
    {
        for (int left = count; left > 0 && !reader.Failed; left--)
        {
            Holding holding = ReadHolding(ref reader);
            _holdings[holding.Number] = holding;
            foreach (CommandRun run in holding.Runs)
            {
                _byCommand[run.Id] = holding;
            }

            if (holding.Target == ActionTarget.Unit && holding.Assets.Count == 1)
            {
                _units[holding.Assets[0]] = holding;
            }
        }
    }

    private void ReadStacks(ref SnapshotReader reader, int count)
    {
        for (int left = count; left > 0 && !reader.Failed; left--)
        {
            string asset = reader.Text();
            List<Holding> stack = [];
            for (int below = reader.Count(MostStored); below > 0; below--)
            {
                if (_holdings.TryGetValue(reader.Signed(), out Holding? holding))
                {
                    stack.Add(holding);
                }
                else
                {
                    reader.Fail();
                }
            }

            if (stack.Count == 0)
            {
                reader.Fail();
            }

            _things[asset] = stack;
        }
    }

    private void ReadLeftBehind(ref SnapshotReader reader, int count)
    {
        for (int left = count; left > 0 && !reader.Failed; left--)
        {
            Holding holding = ReadHolding(ref reader);
            if (holding.Assets.Count == 1)
            {
                _leftBehind[holding.Assets[0]] = holding;
            }
        }
    }

    private void ReadRests(ref SnapshotReader reader)
    {
        for (int left = reader.Count(2 * MaxAssets); left > 0 && !reader.Failed; left--)
        {
            _rests[reader.Text()] = (reader.Signed(), (int)reader.Signed());
        }
    }

    private void ReadOver(ref SnapshotReader reader, int count)
    {
        for (int left = count; left > 0 && !reader.Failed; left--)
        {
            string incident = reader.Text();
            CommandProgress last = ReadProgress(ref reader);
            _over[last.CommandId] = (incident, last);
            _overInOrder.Enqueue(last.CommandId);
        }
    }

    private static void Write(SnapshotWriter writer, RequestRun run)
    {
        CommandRequest request = run.Request;
        writer.Signed(run.Number);
        writer.Text(request.CommandId);
        writer.Text(request.IncidentId);
        writer.Text(request.Step);
        writer.Text(request.System);
        writer.Text(request.Area);
        writer.Text(request.Action);
        Write(writer, request.Targets);
        Write(writer, request.Parameters);
        writer.Signed(request.Count);
        writer.Signed(request.Priority);
        writer.Signed(request.DeadlineInMs);
        Write(writer, request.Compensates);
        Write(writer, request.Location);
        writer.Signed(run.Left);
        writer.Signed(run.Commands);
        writer.Signed(run.Rejections);
        writer.Flag(run.IsWithdrawn);
        writer.Flag(run.IsOver);
        writer.Unsigned((ulong)run.Parts.Count);
        foreach (RequestPart part in run.Parts)
        {
            writer.Text(part.Asset);
            writer.Byte((byte)part.Status);
            writer.Text(part.Reason);
        }

        writer.Text(run.Shortage);
        Write(writer, run.Undone);
        writer.Flag(run.Last is not null);
        if (run.Last is { } last)
        {
            Write(writer, last);
        }
    }

    private static RequestRun ReadRequest(ref SnapshotReader reader)
    {
        long number = reader.Signed();
        CommandRequest request = new(
            reader.Text(), reader.Text(), reader.Text(), reader.Text(), reader.Text(), reader.Text(), ReadNames(ref reader), ReadParameters(ref reader), (int)reader.Signed(), (int)reader.Signed(),
            reader.Signed(), ReadMaybe(ref reader), false, ReadPoint(ref reader));
        RequestRun run = new(request, number)
        {
            Left = (int)reader.Signed(),
            Commands = (int)reader.Signed(),
            Rejections = (int)reader.Signed(),
            IsWithdrawn = reader.Flag(),
            IsOver = reader.Flag(),
        };
        for (int left = reader.Count(MostStored); left > 0; left--)
        {
            run.Parts.Add(new RequestPart(reader.Text(), (CommandStatus)reader.Byte(), reader.Text()));
        }

        run.Shortage = reader.Text();
        run.Undone = ReadNames(ref reader);
        run.Last = reader.Flag() ? ReadProgress(ref reader) : null;
        return run;
    }

    private static void Write(SnapshotWriter writer, Holding holding)
    {
        writer.Signed(holding.Number);
        writer.Text(holding.Id);
        writer.Text(holding.IncidentId);
        writer.Text(holding.Action);
        Write(writer, holding.Undo);
        writer.Byte((byte)holding.Target);
        writer.Flag(holding.StandsBeside);
        writer.Signed(holding.WithinInMs);
        Write(writer, holding.Parameters);
        writer.Text(holding.Place);
        Write(writer, holding.Location);
        Write(writer, holding.Assets);
        Write(writer, holding.Members);
        writer.Signed(holding.Priority);
        writer.Byte((byte)holding.State);
        writer.Byte((byte)holding.End);
        writer.Flag(holding.MayHaveActed);
        Write(writer, holding.Do);
        Write(writer, holding.Ending);
        Write(writer, holding.Again);
        Write(writer, holding.AgainAssets);
        Write(writer, holding.Undoers);
        writer.Signed(holding.Numbers);
        writer.Signed(holding.Tries);
        writer.Signed(holding.RetryInMs);
    }

    private static Holding ReadHolding(ref SnapshotReader reader)
    {
        Holding holding = new()
        {
            Number = reader.Signed(),
            Id = reader.Text(),
            IncidentId = reader.Text(),
            Action = reader.Text(),
            Undo = ReadMaybe(ref reader),
            Target = (ActionTarget)reader.Byte(),
            StandsBeside = reader.Flag(),
            WithinInMs = reader.Signed(),
            Parameters = ReadParameters(ref reader),
            Place = reader.Text(),
            Location = ReadPoint(ref reader),
            Assets = [.. ReadNames(ref reader)],
            Members = [.. ReadNames(ref reader)],
            Priority = (int)reader.Signed(),
            State = (HoldingState)reader.Byte(),
            End = (HoldingEnd)reader.Byte(),
            MayHaveActed = reader.Flag(),
            Do = ReadRun(ref reader),
            Ending = ReadRun(ref reader),
            Again = ReadRun(ref reader),
        };
        holding.AgainAssets.AddRange(ReadNames(ref reader));
        holding.Undoers.AddRange(ReadNames(ref reader));
        holding.Numbers = (int)reader.Signed();
        holding.Tries = (int)reader.Signed();
        holding.RetryInMs = reader.Signed();
        return holding;
    }

    private static void Write(SnapshotWriter writer, CommandRun? run)
    {
        writer.Flag(run is not null);
        if (run is null)
        {
            return;
        }

        writer.Text(run.Id);
        writer.Text(run.Action);
        Write(writer, run.Targets);
        Write(writer, run.Parameters);
        Write(writer, run.Compensates);
        writer.Signed(run.Priority);
        writer.Signed(run.IssuedInMs);
        writer.Signed(run.DeadlineInMs);
        writer.Signed(run.Attempt);
        writer.Signed(run.NextInMs);
        writer.Signed(run.Status is { } status ? (int)status : -1);
    }

    private static CommandRun? ReadRun(ref SnapshotReader reader) => !reader.Flag() ? null : new CommandRun
    {
        Id = reader.Text(),
        Action = reader.Text(),
        Targets = ReadNames(ref reader),
        Parameters = ReadParameters(ref reader),
        Compensates = ReadMaybe(ref reader),
        Priority = (int)reader.Signed(),
        IssuedInMs = reader.Signed(),
        DeadlineInMs = reader.Signed(),
        Attempt = (int)reader.Signed(),
        NextInMs = reader.Signed(),
        Status = reader.Signed() is var status and >= 0 ? (CommandStatus)status : null,
    };

    private static void Write(SnapshotWriter writer, CommandProgress progress)
    {
        writer.Text(progress.CommandId);
        writer.Byte((byte)progress.Status);
        writer.Signed(progress.TimeInMs);
        writer.Text(progress.Reason);
        Write(writer, progress.Assets);
    }

    private static CommandProgress ReadProgress(ref SnapshotReader reader) =>
        new(reader.Text(), (CommandStatus)reader.Byte(), reader.Signed(), reader.Text(), ReadNames(ref reader));

    private static void Write(SnapshotWriter writer, IReadOnlyCollection<string> names)
    {
        writer.Unsigned((ulong)names.Count);
        foreach (string name in names)
        {
            writer.Text(name);
        }
    }

    private static ImmutableArray<string> ReadNames(ref SnapshotReader reader)
    {
        var names = new string[reader.Count(MostStored)];
        for (int i = 0; i < names.Length && !reader.Failed; i++)
        {
            names[i] = reader.Text();
        }

        return reader.Failed ? [] : [.. names];
    }

    private static void Write(SnapshotWriter writer, ImmutableSortedDictionary<string, string> parameters)
    {
        writer.Unsigned((ulong)parameters.Count);
        foreach ((string name, string value) in parameters)
        {
            writer.Text(name);
            writer.Text(value);
        }
    }

    private static ImmutableSortedDictionary<string, string> ReadParameters(ref SnapshotReader reader)
    {
        ImmutableSortedDictionary<string, string>.Builder parameters = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        for (int left = reader.Count(MaxTargets); left > 0 && !reader.Failed; left--)
        {
            string name = reader.Text();
            parameters[name] = reader.Text();
        }

        return parameters.ToImmutable();
    }

    private static void Write(SnapshotWriter writer, string? text)
    {
        writer.Flag(text is not null);
        if (text is not null)
        {
            writer.Text(text);
        }
    }

    private static string? ReadMaybe(ref SnapshotReader reader) => reader.Flag() ? reader.Text() : null;

    private static void Write(SnapshotWriter writer, GeoPoint? point)
    {
        writer.Flag(point is not null);
        if (point is { } at)
        {
            writer.Double(at.Longitude);
            writer.Double(at.Latitude);
        }
    }

    private static GeoPoint? ReadPoint(ref SnapshotReader reader) => reader.Flag() ? new GeoPoint(reader.Double(), reader.Double()) : null;
}
