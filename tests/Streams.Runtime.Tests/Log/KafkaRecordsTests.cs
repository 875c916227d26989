using System.Diagnostics;
using System.Text;
using Streams.Runtime.Log;
using Streams.Runtime.Log.Kafka;

namespace Streams.Runtime.Tests.Log;

public sealed class KafkaRecordsTests(EmbeddedKafka kafka)
{
    private readonly KafkaLog _log = kafka.Log;

    [Fact]
    public void Records_come_back_with_key_value_time_and_headers_in_order_per_partition()
    {
        _log.EnsureTopics([new TopicSpec("whole", 4)]);
        byte[] headers = HeaderBlockTests.BlockOf(("ce_id", "a-1"u8.ToArray()), ("empty", []), ("ce_id", "a-2"u8.ToArray()), ("long", new byte[3000]));
        var deliveries = new Deliveries();
        using (ILogWriter writer = _log.CreateWriter("test", 5))
        {
            for (int i = 0; i < 1000; i++)
            {
                writer.Send(
                    new OutgoingRecord
                    {
                        Topic = "whole",
                        Partition = i % 4,
                        Key = Encoding.UTF8.GetBytes($"key-{i % 4}"),
                        Value = i == 4 ? default : Encoding.UTF8.GetBytes($"value-{i}"),
                        Headers = i % 2 == 0 ? headers : default,
                        TimestampInMs = 1_700_000_000_000 + i,
                    },
                    deliveries);
            }

            Assert.True(writer.Flush(EmbeddedKafka.Soon));
        }

        using var member = new KafkaMember(_log, "whole", "whole") { KeepHeaders = true };
        member.PollUntil(() => member.Records.Count >= 1000, "1,000 records");

        Assert.Equal(1000, deliveries.Delivered);
        Assert.Equal(1000, member.Records.Count);
        foreach (IGrouping<InboxPartition, KafkaMember.Received> partition in member.Records.GroupBy(record => record.Partition))
        {
            Assert.Equal(Enumerable.Range(0, 250).Select(i => (long)i), partition.Select(record => record.Offset));
            foreach (KafkaMember.Received record in partition)
            {
                int i = ((int)record.Offset * 4) + record.Partition.Partition;
                Assert.Equal($"key-{i % 4}", record.Key);
                Assert.Equal(i == 4 ? "" : $"value-{i}", record.Value);
                Assert.Equal(1_700_000_000_000 + i, record.TimestampInMs);
                Assert.Equal(i % 2 == 0 ? ["ce_id 3", "empty 0", "ce_id 3", "long 3000"] : [], record.Headers.Select(header => $"{header.Key} {header.Value.Length}"));
                Assert.Equal(i % 2 == 0 ? "a-2" : null, record.LastId);
            }
        }
    }

    [Fact]
    public void A_member_starts_where_it_is_told_seeks_pauses_and_resumes_without_a_gap_or_a_repeat()
    {
        _log.EnsureTopics([new TopicSpec("positions", 2)]);
        InboxPartition left = new("positions", 0), right = new("positions", 1);
        EmbeddedKafka.Write(_log, "positions", 0, 0, 100);
        EmbeddedKafka.Write(_log, "positions", 1, 0, 100);
        using var member = new KafkaMember(_log, "positions", "positions") { StartAt = { [left] = 70, [right] = 100 } };

        member.PollUntil(() => member.Records.Count >= 30, "the rest of the left partition");
        Assert.Equal(new LogMarks(0, 100), member.Reader.MarksOf(left));
        Assert.Equal(Offsets(70, 30), member.OffsetsOf(left));
        Assert.Empty(member.OffsetsOf(right));

        member.Records.Clear();
        member.Reader.Seek(left, 95);
        member.PollUntil(() => member.Records.Count >= 5, "records from the offset sought");
        Assert.Equal(Offsets(95, 5), member.OffsetsOf(left));

        member.Records.Clear();
        member.Reader.Pause(left);
        member.Reader.Pause(left);
        member.Reader.Resume(right);
        EmbeddedKafka.Write(_log, "positions", 0, 100, 50);
        EmbeddedKafka.Write(_log, "positions", 1, 100, 50);
        member.PollUntil(() => member.OffsetsOf(right).Count >= 50, "the partition that is not paused");
        Assert.Equal(Offsets(100, 50), member.OffsetsOf(right));
        Assert.Empty(member.OffsetsOf(left));

        member.Reader.Resume(left);
        member.PollUntil(() => member.OffsetsOf(left).Count >= 50, "the resumed partition");
        member.Poll();
        Assert.Equal(Offsets(100, 50), member.OffsetsOf(left));

        // Paused with records already fetched, which librdkafka throws away and fetches again.
        member.Records.Clear();
        member.Reader.Seek(left, 0);
        member.PollUntil(() => member.Records.Count > 0, "first records after the seek");
        member.Reader.Pause(left);
        member.Poll();
        member.Reader.Resume(left);
        member.PollUntil(() => member.OffsetsOf(left).Contains(149), "all records after pause and resume");
        Assert.Equal(Offsets(0, 150), member.OffsetsOf(left));
    }

    [Fact]
    public void A_reader_whose_partitions_are_all_paused_reads_at_once_when_one_is_resumed()
    {
        _log.EnsureTopics([new TopicSpec("resumed", 1)]);
        InboxPartition partition = new("resumed", 0);
        EmbeddedKafka.Write(_log, "resumed", 0, 0, 10);
        using var member = new KafkaMember(_log, "resumed", "resumed") { StartPaused = { partition } };
        member.PollUntil(() => member.Owned.Count == 1, "the partition is assigned");
        for (int i = 0; i < 20; i++)
        {
            member.Poll();
        }

        Assert.Empty(member.Records);
        member.Reader.Resume(partition);
        member.PollUntil(() => member.Records.Count == 10, "records before");

        // librdkafka's fetching thread would sleep out its second each time: 8 s in all.
        var waited = Stopwatch.StartNew();
        for (int i = 0; i < 8; i++)
        {
            member.Reader.Pause(partition);
            member.Poll();
            member.Poll();
            member.Records.Clear();
            member.Reader.Seek(partition, 0);
            member.Reader.Resume(partition);
            member.PollUntil(() => member.Records.Count == 10, "records again");
        }

        Assert.True(waited.Elapsed < TimeSpan.FromSeconds(4), $"eight times took {waited.Elapsed}");
    }

    [Fact]
    public void A_batch_outlives_its_reader_and_may_be_disposed_of_elsewhere()
    {
        _log.EnsureTopics([new TopicSpec("outlives", 1)]);
        EmbeddedKafka.Write(_log, "outlives", 0, 0, 10);
        var batches = new List<RecordBatch>();
        using (var member = new KafkaMember(_log, "outlives", "outlives"))
        {
            while (batches.Sum(batch => batch.Count) < 10)
            {
                member.Reader.Poll(TimeSpan.FromMilliseconds(20), batches);
            }
        }

        string read = "";
        var worker = new Thread(() =>
        {
            foreach (RecordBatch batch in batches)
            {
                for (int i = 0; i < batch.Count; i++)
                {
                    read += Encoding.UTF8.GetString(batch[i].Value);
                }

                batch.Dispose();
                batch.Dispose();
            }
        });
        worker.Start();
        worker.Join();

        Assert.Equal("0123456789", read);
        Assert.Throws<ObjectDisposedException>(() => batches[0].OffsetAt(0));
    }

    private static IEnumerable<long> Offsets(int from, int count) => Enumerable.Range(from, count).Select(i => (long)i);
}
