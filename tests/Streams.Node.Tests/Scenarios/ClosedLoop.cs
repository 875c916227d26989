using System.Collections.Immutable;
using Streams.Domain.Alerts;
using Streams.Domain.Cities;
using Streams.Domain.Dispatch;
using Streams.Domain.Incidents;
using Streams.Node.Actors;
using Streams.Node.Configuration;
using Streams.Simulator.Obeying;

namespace Streams.Node.Tests.Scenarios;

/// <summary>
/// Desk, incidents, dispatchers and a city's systems around a city that is played: all of the response, on one thread and by the city's own time. Messages arrive at once, in the order in which
/// they were sent.
/// </summary>
internal sealed class ClosedLoop
{
    private static readonly TimeSpan s_step = TimeSpan.FromSeconds(10);

    private readonly SimulatedPlayback _playback;
    private readonly CityResponse _response;
    private readonly ObeyingCity _systems;
    private readonly IncidentDesk _desk;
    private readonly Dictionary<string, Dispatcher> _dispatchers = [];
    private readonly Queue<Action<long>> _messages = new();
    private int _seen;

    public ClosedLoop(SimulatedPlayback playback, DateTimeOffset from)
    {
        ClusterConfiguration configuration = CityPlayback.Shipped.Value;
        (_playback, Now) = (playback, from);
        _response = new CityResponse(configuration);
        _systems = new ObeyingCity(playback.City, configuration.Systems, 20_261_122);
        _desk = new IncidentDesk(playback.City.Name);
    }

    public DateTimeOffset Now { get; private set; }

    public Dictionary<string, Incident> Incidents { get; } = [];

    public List<Command> Commands { get; } = [];

    /// <summary>Asked every step of each incident; null for nobody who says anything.</summary>
    public Func<Incident, PersonSays?>? People { get; set; }

    public IReadOnlyCollection<Dispatcher> Dispatchers => _dispatchers.Values;

    /// <summary>Units, devices and places that are somebody's.</summary>
    public int Held => _dispatchers.Values.Sum(dispatcher => dispatcher.AssetsHeld);

    /// <summary>Lets time pass until the condition holds; false where it did not in this time.</summary>
    public bool Until(Func<bool> condition, TimeSpan most)
    {
        for (DateTimeOffset end = Now + most; Now < end && !condition();)
        {
            Now += s_step;
            _playback.PlayUntil(Now);
            Step(Now.ToUnixTimeMilliseconds());
        }

        return condition();
    }

    /// <summary>With the next step the desk hears of an alert that no area raised.</summary>
    public void Say(IncidentAlert alert) => _messages.Enqueue(now => ToDesk(alert, playbook: null, now));

    private void Step(long now)
    {
        foreach (Alert alert in _playback.Alerts.Skip(_seen))
        {
            IncidentAlert news = new(
                alert.Id, alert.Area, alert.Rule, alert.Severity, alert.State, alert.OnsetInMs, alert.Revision, alert.Texts[0].Headline,
                alert.Evidence.FirstOrDefault(evidence => evidence.DeviceId is not null)?.DeviceId is { } device
                    && _playback.City.Devices.FirstOrDefault(each => each.Id == device) is { } placed ? new(placed.Longitude, placed.Latitude) : null);
            _messages.Enqueue(at => ToDesk(news, playbook: null, at));
        }

        _seen = _playback.Alerts.Count;
        foreach (Incident incident in Incidents.Values)
        {
            if (incident.DueInMs <= now)
            {
                incident.Wake(now);
            }

            if (People?.Invoke(incident) is { } said)
            {
                Assert.True(incident.Say(said with { TimeInMs = now }) != IncidentOutcome.Refused, incident.Refusal);
            }

            incident.Drain(new Voice(this, incident));
        }

        foreach (Dispatcher dispatcher in _dispatchers.Values)
        {
            if (dispatcher.DueInMs <= now)
            {
                dispatcher.Wake(now);
                dispatcher.Drain(new Voice(this, null));
            }
        }

        _systems.Advance(now);
        Deliver(now);
        foreach (Deed deed in _systems.TakeDeeds())
        {
            _playback.Act(deed);
        }
    }

    private void Deliver(long now)
    {
        do
        {
            while (_messages.TryDequeue(out Action<long>? message))
            {
                message(now);
            }

            foreach (SystemAnswer answer in _systems.TakeAnswers())
            {
                _messages.Enqueue(at => ToDispatcher(answer.Key, dispatcher => dispatcher.Hear(answer.Result, at)));
            }
        }
        while (_messages.Count > 0);
    }

    private void ToDesk(IncidentAlert alert, string? playbook, long now)
    {
        Playbook? its = playbook is null ? _response.PlaybookFor(alert.Rule) : _response.PlaybookNamed(playbook);
        if (_desk.Take(alert, isExercise: false, its, _response.Distance) is { Incident: { } id } verdict)
        {
            if (!Incidents.TryGetValue(id, out Incident? incident))
            {
                Incidents.Add(id, incident = new Incident(id, _desk.Root, _response.PlaybookNamed(verdict.Hazard)!, isExercise: false, now));
            }

            incident.Join(alert, now);
            incident.Drain(new Voice(this, incident));
        }
    }

    private void ToDispatcher(string key, Func<Dispatcher, DispatchOutcome> what)
    {
        if (!_dispatchers.TryGetValue(key, out Dispatcher? dispatcher))
        {
            _dispatchers.Add(key, dispatcher = new Dispatcher(_response.MapOf(key)!));
        }

        what(dispatcher);
        dispatcher.Drain(new Voice(this, null));
    }

    private sealed class Voice(ClosedLoop loop, Incident? incident) : IIncidentOutput, IDispatcherOutput
    {
        public void Ask(CommandRequest command) =>
            loop._messages.Enqueue(now => loop.ToDispatcher(loop._response.DispatcherOf(command.Area, command.System), dispatcher => dispatcher.Ask(command, now)));

        public void Withdraw(string commandId, string system, string area) =>
            loop._messages.Enqueue(now => loop.ToDispatcher(loop._response.DispatcherOf(area, system), dispatcher => dispatcher.Withdraw(commandId, now)));

        public void LetGo(string system, string area) =>
            loop._messages.Enqueue(now => loop.ToDispatcher(loop._response.DispatcherOf(area, system), dispatcher => dispatcher.Release(incident!.Id, now)));

        public void Over() => loop._messages.Enqueue(_ => loop._desk.Over(incident!.Id));

        public void Return(IncidentAlert alert) => loop._messages.Enqueue(now => loop.ToDesk(alert, incident!.Playbook.Name, now));

        public void Release(string other) => Assert.Fail("Nobody has merged anything.");

        public void Entry(TimelineEntry entry)
        {
        }

        public void Send(Command command)
        {
            loop.Commands.Add(command);
            loop._messages.Enqueue(now => loop._systems.Receive(command, command.Key, now, now));
        }

        public void Tell(string incidentId, CommandProgress progress) => loop._messages.Enqueue(now =>
        {
            Incident told = loop.Incidents[incidentId];
            told.Hear(progress, now);
            told.Drain(new Voice(loop, told));
        });

        public void Entry(DispatchEntry entry)
        {
        }
    }
}
