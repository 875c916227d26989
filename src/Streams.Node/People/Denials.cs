using System.Globalization;
using Streams.Runtime.Audit;
using Streams.Runtime.Storage;

namespace Streams.Node.People;

/// <summary>
/// Notes refused requests: the first <see cref="MostSingly"/> of <see cref="Period"/> one by one, the others together when it is over. A flood of them, which
/// costs its sender nothing, so becomes at most eleven entries in ten minutes and node: 1,600 a day, some 1.5 MB.
/// </summary>
internal sealed class Denials(AuditTrail audit, TimeProvider time)
{
    public const string Action = "access";

    public const int MostSingly = 10;

    public static readonly TimeSpan Period = TimeSpan.FromMinutes(10);

    /// <summary>Addresses that are told apart in one sum.</summary>
    private const int MostAddresses = 20;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, long> _byAddress = new(StringComparer.Ordinal);
    private long _beganAt = time.GetTimestamp();
    private DateTimeOffset _began = time.GetUtcNow();
    private int _singly;
    private long _together;

    /// <summary>A refusal stands whether or not it can be noted.</summary>
    public async Task NoteAsync(Principal? who, string address, string subject, string reason)
    {
        await FlushAsync();
        lock (_gate)
        {
            if (_singly >= MostSingly)
            {
                _together++;
                string key = _byAddress.Count < MostAddresses || _byAddress.ContainsKey(address) ? address : "others";
                _byAddress[key] = _byAddress.GetValueOrDefault(key) + 1;
                return;
            }

            _singly++;
        }

        AuditActor actor = who?.Actor ?? new AuditActor("unknown", [], "nobody", address);
        await TryAsync(AuditDraft.Now(time, actor, Action, subject, AuditOutcome.Refused, reason));
    }

    /// <summary>Tells together what was counted, if its time is over.</summary>
    public async Task FlushAsync()
    {
        AuditDraft? sum = null;
        lock (_gate)
        {
            if (time.GetElapsedTime(_beganAt) < Period)
            {
                return;
            }

            if (_together > 0)
            {
                sum = AuditDraft.Now(
                        time, new AuditActor("unknown", [], "nobody", ""), Action, "requests", AuditOutcome.Refused,
                        $"{_together} more refused requests, told together")
                    .With("count", _together.ToString(CultureInfo.InvariantCulture)).With("since", Api.Answer.Time(_began));
                sum = _byAddress.Aggregate(sum, (draft, each) => draft.With("from " + each.Key, each.Value.ToString(CultureInfo.InvariantCulture)));
            }

            (_beganAt, _began, _singly, _together) = (time.GetTimestamp(), time.GetUtcNow(), 0, 0);
            _byAddress.Clear();
        }

        if (sum is not null)
        {
            await TryAsync(sum);
        }
    }

    private async Task TryAsync(AuditDraft draft)
    {
        try
        {
            await audit.NoteAsync(draft);
        }
        catch (StoreUnavailableException)
        {
            // Nothing was done that would have to be noted.
        }
    }
}
