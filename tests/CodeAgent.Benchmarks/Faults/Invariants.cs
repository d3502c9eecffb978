namespace CodeAgent.Benchmarks.Faults;

/// <summary>Something that does not hold.</summary>
internal sealed record Violation(string Invariant, string What);

/// <summary>What holds whatever happens, by name.</summary>
internal static class Invariants
{
    public const string NothingLost = "no accepted task is lost";
    public const string OneTask = "a request makes one task, however often it comes";
    public const string EndsOnce = "no task is finished twice";
    public const string EndsRightly = "each end has its cause, each acknowledged end came";
    public const string Gapless = "events have no gap, acknowledged ones are there";
    public const string Watched = "a watcher sees each event once";
    public const string OneLease = "at most one lease lives, numbers rise";
    public const string Fenced = "an old lease changes nothing";
    public const string LostLease = "a lease of a lost Redis changes nothing";
    public const string Stored = "an acknowledged artifact is there, whole";
    public const string Balanced = "the books are balanced";
    public const string NoError = "no answer is an unforeseen error";
    public const string Settles = "all is settled in 20 s";
}
