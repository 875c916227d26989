using System.Buffers;
using System.Diagnostics;
using System.Text;
using Streams.Runtime.Log;
using Streams.Runtime.Telemetry;
using Streams.Runtime.Tests.Simulation;
using Record = Streams.Runtime.Log.Record;

namespace Streams.Runtime.Tests.Telemetry;

public sealed class OriginTests
{
    private const string Trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    private const string OtherTrace = "00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    [Fact]
    public void Headers_give_it_back()
    {
        Assert.Equal(new Origin(1_000, Trace, true), Written(new Origin(1_000, Trace, true)));
        Assert.Equal(new Origin(1_764_153_330_250, null, true), Written(new Origin(1_764_153_330_250, null, true)));
        Assert.Equal(new Origin(0, Trace, true), Written(new Origin(-1, Trace, true)));
        Assert.Null(Written(new Origin(-1, null, true)));
    }

    [Fact]
    public void Of_several_a_decision_goes_first_then_what_is_traced_then_what_is_older()
    {
        Origin closed = new(1, Trace, IsDecision: false), old = new(2, null, true), young = new(3, null, true), traced = new(4, Trace, true), later = new(5, OtherTrace, true);
        foreach ((Origin? one, Origin? other, Origin first) in ((Origin?, Origin?, Origin)[])
            [(null, old, old), (closed, young, young), (old, young, old), (young, traced, traced), (later, traced, traced), (closed, later, later)])
        {
            Assert.Same(first, Origin.First(one, other));
            Assert.Same(first, Origin.First(other, one));
        }
    }

    [Fact]
    public void Only_an_actor_is_believed_when_it_names_an_earlier_record()
    {
        Record record = RecordWith(7_000, ("streams-origin", "1970-01-01T00:00:01.000Z"), ("traceparent", Trace));
        Assert.Equal(new Origin(1_000, Trace, true), Origin.Of(record, isInner: true, null, true));
        Assert.Equal(new Origin(7_000, Trace, true), Origin.Of(record, isInner: false, null, true));
        Assert.Equal(new Origin(7_000, OtherTrace, true), Origin.Of(record, isInner: false, OtherTrace, true));
    }

    [Theory]
    [InlineData("traceparent", Trace, true)]
    [InlineData("ce_traceparent", Trace, true)]
    [InlineData("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331", false)]
    [InlineData("traceparent", "00-00000000000000000000000000000000-b7ad6b7169203331-01", false)]
    [InlineData("traceparent", "", false)]
    [InlineData("tracestate", Trace, false)]
    public void A_trace_is_read_from_the_message_or_its_event_and_rubbish_is_none(string header, string value, bool isOne)
    {
        Assert.Equal(isOne, Origin.TryGetTrace(RecordWith(1, (header, value)), out ActivityContext context, out _));
        Assert.Equal(isOne, context != default);
    }

    [Fact]
    public void A_share_is_picked_evenly_and_always_the_same()
    {
        Assert.Equal(0, Enumerable.Range(0, 100_000).Count(offset => Tracing.IsPicked(offset, 0)));
        Assert.InRange(Enumerable.Range(0, 100_000).Count(offset => Tracing.IsPicked(offset, 0.01)), 900, 1_100);
        Assert.True(Enumerable.Range(0, 100_000).All(offset => Tracing.IsPicked(offset, 1)));
    }

    private static Origin? Written(Origin origin)
    {
        ArrayBufferWriter<byte> block = new();
        HeaderBlock.Begin(block, origin.HeaderCount);
        origin.Write(block);
        return Origin.Read(block.WrittenSpan);
    }

    private static Record RecordWith(long timestampInMs, params (string Name, string Value)[] headers) =>
        new SimulatedBatch(
            new InboxPartition("meters", 0),
            0,
            [new SimulatedRecord([], [], [.. headers.Select(header => KeyValuePair.Create(header.Name, Encoding.UTF8.GetBytes(header.Value)))]) { TimestampInMs = timestampInMs }])[0];
}
