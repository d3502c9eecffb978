using CodeAgent.Contracts;

namespace CodeAgent.Worker.Reports;

/// <summary>How a test ended.</summary>
internal enum TestOutcome
{
    /// <summary>It passed.</summary>
    Passed,

    /// <summary>It failed.</summary>
    Failed,

    /// <summary>It was not run.</summary>
    Skipped,
}

/// <summary>Counts tests.</summary>
internal sealed class TestTally
{
    private const int MostFailures = 20;
    private const int LongestName = 500;
    private const int LongestMessage = 1000;
    private readonly List<TestFailure> _failures = [];
    private readonly List<string> _unread = [];
    private readonly int[] _counts = new int[3];
    private double _seconds;
    private int _reports;

    /// <summary>What was counted.</summary>
    public TestSummary Summary => new()
    {
        Passed = _counts[(int)TestOutcome.Passed],
        Failed = _counts[(int)TestOutcome.Failed],
        Skipped = _counts[(int)TestOutcome.Skipped],
        Seconds = Math.Round(_seconds, 3),
        Failures = _failures,
        Reports = _reports,
        Unread = _unread,
    };

    /// <summary>Counts a report.</summary>
    public void AddReport() => _reports++;

    /// <summary>Notes that a report was not read, or not to its end.</summary>
    public void AddUnread(string file, string reason)
    {
        if (_unread.Count < MostFailures)
        {
            _unread.Add($"{file}: {reason}");
        }
    }

    /// <summary>Counts a test.</summary>
    public void Add(string name, TestOutcome outcome, double seconds, string? message)
    {
        _counts[(int)outcome]++;
        _seconds += double.IsFinite(seconds) && seconds > 0 ? seconds : 0;
        if (outcome == TestOutcome.Failed && _failures.Count < MostFailures)
        {
            _failures.Add(new(Cut(name, LongestName), string.IsNullOrWhiteSpace(message) ? null : Cut(message.Trim(), LongestMessage)));
        }
    }

    private static string Cut(string text, int longest) =>
        text.Length <= longest ? text : text[..(char.IsHighSurrogate(text[longest - 2]) ? longest - 2 : longest - 1)] + "…";
}
