using CodeAgent.Benchmarks.Load;
using CodeAgent.Benchmarks.Roles;

namespace CodeAgent.Benchmarks.Gateway;

/// <summary>A line of the table: one figure of one exercise.</summary>
/// <param name="Title">What it says.</param>
/// <param name="Exercise">Where it comes from.</param>
/// <param name="Figure">Which of its figures it is.</param>
/// <param name="Format">How it is written.</param>
/// <param name="IsAdded">Whether it is what the contender adds to the mock, asked directly in the same round.</param>
internal sealed record Row(string Title, Exercise Exercise, Figure Figure, string Format, bool IsAdded = false);

/// <summary>What is measured, in the order of the table.</summary>
internal static class Plan
{
    private const int Many = 64;
    private const int ManyLarge = 16;
    private const int ManyThinking = 256;
    private const int Readers = 16;

    private static readonly Request Small = new(Behaviour.Instant, false);
    private static readonly Request Large = new(Behaviour.Instant, true);
    private static readonly Request SmallBurst = new(Behaviour.Burst, false);
    private static readonly Request LargeBurst = new(Behaviour.Burst, true);
    private static readonly Request Think = new(Behaviour.Think, false);
    private static readonly Request SmallPaced = new(Behaviour.Paced, false);
    private static readonly Request LargePaced = new(Behaviour.Paced, true);

    public static Exercise OneSmall { get; } = new WrkExercise(Small, 1);

    public static Exercise OneLarge { get; } = new WrkExercise(Large, 1);

    public static Exercise ManySmall { get; } = new WrkExercise(Small, Many);

    public static Exercise ManyLargePrompts { get; } = new WrkExercise(Large, ManyLarge);

    public static Exercise ManyStreams { get; } = new WrkExercise(SmallBurst, Many);

    public static Exercise ManyLargeStreams { get; } = new WrkExercise(LargeBurst, ManyLarge);

    public static Exercise ManyWaiting { get; } = new WrkExercise(Think, ManyThinking);

    public static Exercise OneStream { get; } = new StreamExercise(SmallPaced, 1);

    public static Exercise OneLargeStream { get; } = new StreamExercise(LargePaced, 1);

    public static Exercise ManyPacedStreams { get; } = new StreamExercise(SmallPaced, Readers);

    public static IReadOnlyList<Row> Rows { get; } =
    [
        new("small chat, 1 client: added latency p50, ms", OneSmall, Figure.P50, "0.000", IsAdded: true),
        new("small chat, 1 client: added latency p99, ms", OneSmall, Figure.P99, "0.000", IsAdded: true),
        new("100 K prompt, 1 client: added latency p50, ms", OneLarge, Figure.P50, "0.000", IsAdded: true),
        new("100 K prompt, 1 client: added latency p99, ms", OneLarge, Figure.P99, "0.000", IsAdded: true),
        new($"small chat, {Many} clients: requests/s", ManySmall, Figure.PerSecond, "N0"),
        new("… processor seconds for 10,000", ManySmall, Figure.Cpu, "0.00"),
        new("… peak memory, MB", ManySmall, Figure.Memory, "0"),
        new($"100 K prompt, {ManyLarge} clients: requests/s", ManyLargePrompts, Figure.PerSecond, "N0"),
        new("… processor seconds for 10,000", ManyLargePrompts, Figure.Cpu, "0.00"),
        new("… peak memory, MB", ManyLargePrompts, Figure.Memory, "0"),
        new($"small chat streamed, {Many} clients: requests/s", ManyStreams, Figure.PerSecond, "N0"),
        new("… processor seconds for 10,000", ManyStreams, Figure.Cpu, "0.00"),
        new("… peak memory, MB", ManyStreams, Figure.Memory, "0"),
        new($"100 K prompt streamed, {ManyLarge} clients: requests/s", ManyLargeStreams, Figure.PerSecond, "N0"),
        new("… processor seconds for 10,000", ManyLargeStreams, Figure.Cpu, "0.00"),
        new("… peak memory, MB", ManyLargeStreams, Figure.Memory, "0"),
        new($"20 ms at the model, {ManyThinking} clients: requests/s", ManyWaiting, Figure.PerSecond, "N0"),
        new("small chat streamed, 1 client: added time to first token p50, ms", OneStream, Figure.FirstP50, "0.000", IsAdded: true),
        new("… p99, ms", OneStream, Figure.FirstP99, "0.000", IsAdded: true),
        new("100 K prompt streamed, 1 client: added time to first token p50, ms", OneLargeStream, Figure.FirstP50, "0.000", IsAdded: true),
        new("… p99, ms", OneLargeStream, Figure.FirstP99, "0.000", IsAdded: true),
        new($"a frame every 5 ms, {Readers} clients: added delay a frame p50, ms", ManyPacedStreams, Figure.FrameP50, "0.000", IsAdded: true),
        new("… p99, ms", ManyPacedStreams, Figure.FrameP99, "0.000", IsAdded: true),
        new("… frames 30 ms or more late, %", ManyPacedStreams, Figure.Late, "0.00"),
    ];

    /// <summary>Each exercise once.</summary>
    public static IReadOnlyList<Exercise> Exercises { get; } = [.. Rows.Select(row => row.Exercise).Distinct()];
}
