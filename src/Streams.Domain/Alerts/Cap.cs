namespace Streams.Domain.Alerts;

// The words of CAP 1.2 (OASIS Standard, 1 July 2010, section 3.2). Stored by number: never renumber.

public enum AlertSeverity : byte
{
    Unknown = 0,

    /// <summary>Minimal to no known threat to life or property.</summary>
    Minor = 1,

    /// <summary>Possible threat.</summary>
    Moderate = 2,

    /// <summary>Significant threat.</summary>
    Severe = 3,

    /// <summary>Extraordinary threat.</summary>
    Extreme = 4,
}

public enum AlertUrgency : byte
{
    Unknown = 0,
    Past = 1,
    Future = 2,
    Expected = 3,
    Immediate = 4,
}

public enum AlertCertainty : byte
{
    Unknown = 0,
    Unlikely = 1,
    Possible = 2,
    Likely = 3,
    Observed = 4,
}

public enum AlertCategory : byte
{
    Other = 0,
    Geo = 1,
    Met = 2,
    Safety = 3,
    Security = 4,
    Rescue = 5,
    Fire = 6,
    Health = 7,
    Env = 8,
    Transport = 9,
    Infra = 10,
    CBRNE = 11,
}

public enum AlertResponse : byte
{
    None = 0,
    Shelter = 1,
    Evacuate = 2,
    Prepare = 3,
    Execute = 4,
    Avoid = 5,
    Monitor = 6,
    Assess = 7,
    AllClear = 8,
}

public enum AlertStatus : byte
{
    Actual = 0,
    Exercise = 1,
    System = 2,
    Test = 3,
    Draft = 4,
}

public enum AlertScope : byte
{
    Public = 0,

    /// <summary>For the operators of the city's systems: sensors that need care, not people.</summary>
    Restricted = 1,
    Private = 2,
}

public enum AlertMessageType : byte
{
    Alert = 0,
    Update = 1,
    Cancel = 2,
}

/// <summary>Where an alert stands in its life.</summary>
public enum AlertState : byte
{
    Active = 0,
    Acknowledged = 1,

    /// <summary>Its condition is over, or another alert speaks for it.</summary>
    Cleared = 2,

    /// <summary>Nothing confirmed it for as long as its rule says.</summary>
    Expired = 3,
    Cancelled = 4,
}
