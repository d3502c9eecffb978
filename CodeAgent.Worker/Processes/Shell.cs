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

    /// <summary>
    /// The program and its arguments: <c>setsid bash -c 'exec "$0" "$@" 2>&amp;1' bash -c SCRIPT</c>. The outer shell gives both
    /// streams the same pipe, so that their order is kept, and becomes the inner one.
    /// </summary>
    public static async Task<IReadOnlyList<string>> ScriptAsync(string script, TaskFolder folder, string mark, CancellationToken cancellationToken)
    {
        string[] inner = [Program, "-c", script];
        if (Encoding.UTF8.GetByteCount(script) > LongestArgument)
        {
            var file = Path.Combine(folder.Temp, $"script-{mark}.sh");
            await File.WriteAllTextAsync(file, script, cancellationToken);
            inner = [Program, file];
        }

        return [.. Session, Program, "-c", """exec "$0" "$@" 2>&1""", .. inner];
    }

    /// <summary>The same for a program: <c>setsid PROGRAM ARGUMENTS</c>.</summary>
    public static IReadOnlyList<string> Command(IReadOnlyList<string> program) => [.. Session, .. program];

    private static string? Find(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
