using System.Text;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Processes;

/// <summary>How a script becomes a process.</summary>
internal static class Shell
{
    // Linux takes no single argument longer than 128 KiB (MAX_ARG_STRLEN).
    private const int LongestArgument = 100_000;

    private static readonly string? SetSid = Find("setsid");
    private static readonly string[] Session = SetSid is null ? [] : [SetSid];
    private static readonly string Program = Find("bash") ?? "/bin/sh";

    /// <summary>The program and its arguments that run a script: <c>bash -c SCRIPT</c>.</summary>
    public static async Task<IReadOnlyList<string>> ScriptAsync(string script, TaskFolder folder, string mark, CancellationToken cancellationToken)
    {
        if (Encoding.UTF8.GetByteCount(script) <= LongestArgument)
        {
            return [Program, "-c", script];
        }

        var file = Path.Combine(folder.Temp, $"script-{mark}.sh");
        await File.WriteAllTextAsync(file, script, cancellationToken);
        return [Program, file];
    }

    /// <summary>
    /// What is started: <c>setsid sh -c 'exec "$0" "$@" 2>&amp;1' bash -c SCRIPT</c>. The outer shell gives both streams of a
    /// script the same pipe, so that their order is kept, and becomes the inner one. A program is started without it.
    /// </summary>
    /// <remarks>
    /// Around what ends with its parent the outer shell stays. The system takes the thread that started a process for its parent,
    /// and threads of the worker come and go.
    /// </remarks>
    public static IReadOnlyList<string> Line(Launch launch, bool merge)
    {
        var streams = merge ? " 2>&1" : "";
        return launch.IsContained ? [.. Session, "/bin/sh", "-c", $"""{launch.Before}"$0" "$@"{streams}; exit $?""", .. launch.Line]
            : merge || launch.Before.Length > 0 ? [.. Session, "/bin/sh", "-c", $"""{launch.Before}exec "$0" "$@"{streams}""", .. launch.Line]
            : [.. Session, .. launch.Line];
    }

    /// <summary>Where a program is on the PATH; none where it is not.</summary>
    public static string? Find(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
