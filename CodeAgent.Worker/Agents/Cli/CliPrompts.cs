using CodeAgent.Contracts;

namespace CodeAgent.Worker.Agents.Cli;

/// <summary>What CLIs are told.</summary>
internal static class CliPrompts
{
    /// <summary>The task.</summary>
    public static string Task(TaskRequest request) => request.Checks.Count == 0
        ? request.Prompt
        : $"""
           {request.Prompt}

           These commands must all exit with 0 before your work is accepted. They run after you are done; you can run them before:
           {string.Join('\n', request.Checks.Select(check => $"- {check}"))}
           """;

    /// <summary>After a worker was lost, to a session that goes on.</summary>
    public static string GoOn(string? told) => $"""
        You were interrupted in the middle of your work. The files are as they were about then; your last step may not have been
        finished. Look, and go on until the task is done.{Told(told)}
        """;

    /// <summary>After a worker was lost, to a fresh session.</summary>
    public static string Afresh(TaskRequest request, int turns, string? told) => $"""
        {Task(request)}

        Somebody began this work before you and was interrupted, after {turns} steps. What was changed is in the working folder (git
        status and git diff show it); what was said is lost. Look at what is done, and do the rest.{Told(told)}
        """;

    private static string Told(string? told) => told is null ? "" : $"\n\nWhat was asked for since, the latest last:\n{told}";
}
