namespace CodeAgent.Benchmarks.Roles;

/// <summary>How the mock behaves. It is the first part of the path there, and a model's name at the gateway.</summary>
internal enum Behaviour
{
    /// <summary>A whole answer at once.</summary>
    Instant,

    /// <summary>A whole answer after 20 ms.</summary>
    Think,

    /// <summary>A whole answer after 200 ms.</summary>
    Slow,

    /// <summary>A whole answer when all who ask are told to go on.</summary>
    Held,

    /// <summary>A stream, all frames at once, each sent by itself.</summary>
    Burst,

    /// <summary>A stream, a frame every 5 ms that says when it was sent.</summary>
    Paced,
}

internal static class Behaviours
{
    public static string Text(this Behaviour behaviour) => behaviour.ToString().ToLowerInvariant();
}
