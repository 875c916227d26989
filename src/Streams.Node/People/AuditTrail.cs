using Microsoft.Extensions.DependencyInjection;
using Streams.Runtime.Audit;
using Streams.Runtime.Storage;

namespace Streams.Node.People;

/// <summary>Notes what is done for somebody before it is done, so that nothing happens that is not noted.</summary>
public sealed class AuditTrail(IPeopleStore store, TimeProvider time)
{
    /// <summary>Called when there is something new to publish. Quick.</summary>
    public Action Woken { get; set; } = static () => { };

    public static AuditDraft Draft(HttpContext context, string action, string subject) =>
        AuditDraft.Now(context.RequestServices.GetService<TimeProvider>() ?? TimeProvider.System, Principal.Of(context).Actor, action, subject);

    /// <exception cref="StoreUnavailableException">It could not be noted, so it must not be done.</exception>
    public async Task NoteAsync(AuditDraft draft)
    {
        await Task.Run(() => store.Append(draft));
        Woken();
    }

    /// <summary>
    /// Notes the deed, then does it. Where that fails, a second entry says so. What another node asks for is not noted again: that node has noted who asked it.
    /// </summary>
    /// <param name="effect">Null, or why it did not work out.</param>
    /// <exception cref="StoreUnavailableException">Nothing was done.</exception>
    public static async Task<string?> DoAsync(HttpContext context, AuditDraft draft, Func<Task<string?>> effect)
    {
        AuditTrail? audit = context.RequestServices.GetService<AuditTrail>();
        if (audit is null || Principal.Of(context).Source == PrincipalSource.Cluster)
        {
            return await effect();
        }

        await audit.NoteAsync(draft);
        string? failure;
        try
        {
            failure = await effect();
        }
        catch (Exception thrown)
        {
            await audit.TryFailedAsync(draft, thrown is OperationCanceledException ? "the request ended before it was known" : thrown.Message);
            throw;
        }

        if (failure is not null)
        {
            await audit.TryFailedAsync(draft, failure);
        }

        return failure;
    }

    /// <summary>
    /// Hands a deed over to the actor that notes it with its effect. Only where that fails is it noted here, as failed.
    /// </summary>
    public static async Task HandOverAsync(HttpContext context, AuditDraft draft, Func<Task> handOver)
    {
        try
        {
            await handOver();
        }
        catch (Exception thrown) when (context.RequestServices.GetService<AuditTrail>() is { } audit)
        {
            await audit.TryAsync(draft with { Outcome = AuditOutcome.Failed, Reason = thrown is OperationCanceledException ? "the request ended before it was known" : thrown.Message });
            throw;
        }
    }

    private Task TryFailedAsync(AuditDraft of, string reason) =>
        TryAsync(AuditDraft.Now(time, of.Actor, of.Action, of.Subject, AuditOutcome.Failed, reason).With("of", of.Id));

    private async Task TryAsync(AuditDraft draft)
    {
        try
        {
            await NoteAsync(draft);
        }
        catch (StoreUnavailableException)
        {
            // The first entry tells of more than happened, which is the side to err on; without a first one nothing has happened.
        }
    }
}
