namespace Streams.Simulator.Living;

/// <summary>
/// Whose turn it is: devices of one interval speak in a fixed order, each at its own moment of the interval, round after round. The next one is
/// found by looking at the few intervals there are.
/// </summary>
internal sealed class ReadingRounds
{
    private readonly List<Round> _rounds = [];
    private Round _next = null!;

    /// <param name="devices">Device, interval and phase (0 to less than the interval), both in milliseconds.</param>
    public ReadingRounds(IEnumerable<(int Device, long IntervalInMs, long PhaseInMs)> devices, long fromInMs)
    {
        foreach (IGrouping<long, (int Device, long IntervalInMs, long PhaseInMs)> group in devices.GroupBy(each => each.IntervalInMs).OrderBy(group => group.Key))
        {
            _rounds.Add(new Round(group.Key, [.. group.OrderBy(each => each.PhaseInMs).ThenBy(each => each.Device).Select(each => (each.Device, (int)each.PhaseInMs))], fromInMs));
        }

        FindNext();
    }

    /// <summary>Never comes where there are no devices.</summary>
    public long NextInMs => _rounds.Count == 0 ? long.MaxValue : _next.NextInMs;

    public int NextDevice => _next.NextDevice;

    public void Advance()
    {
        _next.Advance();
        FindNext();
    }

    private void FindNext()
    {
        foreach (Round round in _rounds)
        {
            if (_next is null || round.NextInMs < _next.NextInMs)
            {
                _next = round;
            }
        }
    }

    private sealed class Round
    {
        private readonly long _intervalInMs;
        private readonly (int Device, int PhaseInMs)[] _turns;
        private long _beganInMs;
        private int _turn;

        public Round(long intervalInMs, (int Device, int PhaseInMs)[] turns, long fromInMs)
        {
            (_intervalInMs, _turns) = (intervalInMs, turns);
            _beganInMs = fromInMs - (fromInMs % intervalInMs);
            while (_beganInMs + _turns[_turn].PhaseInMs < fromInMs)
            {
                Step();
            }

            NextInMs = _beganInMs + _turns[_turn].PhaseInMs;
        }

        public long NextInMs { get; private set; }

        public int NextDevice => _turns[_turn].Device;

        public void Advance()
        {
            Step();
            NextInMs = _beganInMs + _turns[_turn].PhaseInMs;
        }

        private void Step()
        {
            if (++_turn == _turns.Length)
            {
                _turn = 0;
                _beganInMs += _intervalInMs;
            }
        }
    }
}
