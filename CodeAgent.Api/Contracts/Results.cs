namespace CodeAgent.Contracts;

/// <summary>Which files in the workspace are results. Patterns are relative to it: <c>*</c> stands for anything within a name, <c>**</c> for any folders.</summary>
public sealed record ResultsRequest
{
    /// <summary>Test reports in the formats JUnit and TRX, such as <c>**/TestResults/*.trx</c>. Read, and kept as artifacts. At most 20 patterns.</summary>
    public IReadOnlyList<string> Tests { get; set; } = [];

    /// <summary>Files that are kept as artifacts, such as <c>coverage/*.xml</c>. At most 20 patterns.</summary>
    public IReadOnlyList<string> Files { get; set; } = [];
}

/// <summary>What the test reports say.</summary>
public sealed record TestSummary
{
    /// <summary>Tests that passed.</summary>
    public int Passed { get; set; }

    /// <summary>Tests that failed.</summary>
    public int Failed { get; set; }

    /// <summary>Tests that were not run.</summary>
    public int Skipped { get; set; }

    /// <summary>Seconds that the tests took, added up.</summary>
    public double Seconds { get; set; }

    /// <summary>The first of those that failed, at most 20.</summary>
    public IReadOnlyList<TestFailure> Failures { get; set; } = [];

    /// <summary>Reports that were read.</summary>
    public int Reports { get; set; }

    /// <summary>Reports that could not be read, or not to their end, and why.</summary>
    public IReadOnlyList<string> Unread { get; set; } = [];
}

/// <summary>A test that failed.</summary>
/// <param name="Name">Its full name.</param>
/// <param name="Message">What it said, at most 1,000 characters.</param>
public sealed record TestFailure(string Name, string? Message);
