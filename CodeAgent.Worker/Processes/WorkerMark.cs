using System.Globalization;

namespace CodeAgent.Worker.Processes;

/// <summary>Names a worker process for good: its number, its start time, and the process namespace in which the number counts.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Started">Its start time, as in <see cref="ProcessEntry.Started"/>.</param>
/// <param name="Space">Its process namespace.</param>
internal sealed record WorkerMark(int Id, long Started, string Space)
{
    /// <summary>The environment variable that carries the mark in every process of an agent or a check.</summary>
    public const string Variable = "CODEAGENT_WORKER";

    /// <summary>The mark of this process.</summary>
    public static Task<WorkerMark> Here { get; } = OfThisProcessAsync();

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    public static WorkerMark? Parse(string? text) =>
        text?.Split('/') is [var id, var started, var space]
        && int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && long.TryParse(started, NumberStyles.None, CultureInfo.InvariantCulture, out var ticks)
            ? new(number, ticks, space)
            : null;

    /// <summary>Whether that worker lives; null where its number counts in another namespace, so that it cannot be told from here.</summary>
    public static async Task<bool?> LivesAsync(WorkerMark mark, WorkerMark here, CancellationToken cancellationToken) =>
        mark.Space != here.Space ? null : (await ProcessTable.FindAsync(mark.Id, cancellationToken))?.Started == mark.Started;

    /// <summary>As it stands in the variable.</summary>
    public override string ToString() => $"{Id}/{Started}/{Space}";

    private static async Task<WorkerMark> OfThisProcessAsync() =>
        new(Environment.ProcessId,
            (await ProcessTable.FindAsync(Environment.ProcessId, CancellationToken.None))?.Started ?? 0,
            OperatingSystem.IsLinux() ? new FileInfo("/proc/self/ns/pid").LinkTarget ?? "" : Environment.MachineName);
}
