using CodeAgent.Worker.Agents.Builtin.Context;

namespace CodeAgent.Worker.Agents.Builtin.Conversations;

/// <summary>Notices an agent that goes in circles. Looks at the conversation alone, so that nothing is forgotten in a restart.</summary>
internal static class Circles
{
    private const int SameCalls = 4;
    private const int Alternations = 6;
    private const int SameErrors = 3;

    // How many more it may do after it was told.
    private const int Patience = 2;

    /// <summary>Looks at the end of the conversation.</summary>
    /// <returns>None where all is well, or where the agent was told and has not had its chance yet.</returns>
    public static Circle? Look(Conversation conversation)
    {
        var steps = conversation.Steps().Select(step => new Step(step.Call, step.Result)).ToList();
        var note = conversation.Entries.FindLastIndex(entry => entry.Note == NoteKind.Circles);
        var told = conversation.Entries.Take(note + 1).Sum(entry => entry.Results.Count);

        return Judge(Run(steps, 1, Same), SameCalls, steps.Count, told,
                () => $"the same call with the same result: {steps[^1].Shown}")
            ?? Judge(Run(steps, 2, Same), Alternations, steps.Count, told,
                () => $"two calls in turn with the same results: {steps[^2].Shown} and {steps[^1].Shown}")
            ?? Judge(Run(steps, 1, SameError), SameErrors, steps.Count, told,
                () => $"the same error of the tool {steps[^1].Call.Name}: {Cut(steps[^1].Result.Output)}");
    }

    // How many steps at the end are each like the one `apart` before it; those that they repeat are counted in.
    private static int Run(List<Step> steps, int apart, Func<Step, Step, bool> alike)
    {
        var run = 0;
        while (steps.Count > run + apart && alike(steps[^(run + 1)], steps[^(run + 1 + apart)]))
        {
            run++;
        }

        return run == 0 ? 0 : run + apart;
    }

    private static Circle? Judge(int run, int most, int steps, int told, Func<string> what)
    {
        if (run < most)
        {
            return null;
        }

        // Told within this run, it has heard it; told before, that was about something else.
        var heard = told > steps - run;
        return !heard ? new(Stuck: false, run, what())
            : steps - told >= Patience ? new(Stuck: true, run, what())
            : null;
    }

    private static bool Same(Step left, Step right) => left.Key == right.Key && SameAnswer(left.Result, right.Result);

    private static bool SameError(Step left, Step right) =>
        left.Call.Name == right.Call.Name && left.Result.Error && right.Result.Error && SameAnswer(left.Result, right.Result);

    // An answer that is left out for its length is still the same answer.
    private static bool SameAnswer(ToolResult left, ToolResult right) => left.Elided is null && right.Elided is null
        ? left.Output == right.Output
        : Elision.Digest(left) == Elision.Digest(right);

    private static string Cut(string text) => text.Length <= 200 ? text : text[..200] + "…";

    private sealed record Step(ToolCall Call, ToolResult Result)
    {
        public string Key { get; } = $"{Call.Name} {Call.ArgumentsText}";

        public string Shown => Cut(Key);
    }
}

/// <summary>An agent that goes in circles.</summary>
/// <param name="Stuck">Whether it was told and went on.</param>
/// <param name="Times">How often by now.</param>
/// <param name="What">What it does over and over.</param>
internal sealed record Circle(bool Stuck, int Times, string What);
