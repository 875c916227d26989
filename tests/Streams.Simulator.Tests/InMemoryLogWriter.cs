using System.Text;
using Streams.Runtime.Log;

namespace Streams.Simulator.Tests;

internal sealed record SentRecord(string Topic, int Partition, string Key, string Value);

/// <summary>Keeps what is sent; says "delivered" at once, or fails from a certain record on.</summary>
internal sealed class InMemoryLogWriter(int failFrom = int.MaxValue) : ILogWriter
{
    public List<SentRecord> Records { get; } = [];

    public void Send(in OutgoingRecord record, IDelivery delivery)
    {
        if (Records.Count >= failFrom)
        {
            delivery.Failed("the broker is gone", fatal: false);
            return;
        }

        Records.Add(new SentRecord(record.Topic, record.Partition, Encoding.UTF8.GetString(record.Key), Encoding.UTF8.GetString(record.Value)));
        delivery.Delivered();
    }

    public bool Flush(TimeSpan timeout) => true;

    public void Dispose()
    {
    }
}
