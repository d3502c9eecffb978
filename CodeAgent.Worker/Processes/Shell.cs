using System.Text;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Processes;

/// <summary>How a script becomes a process.</summary>
internal static class Shell
{
    // Linux takes no single argument longer than 128 KiB (MAX_ARG_STRLEN).
    private const int LongestArgument = 100_000;

    private static readonly string? SetSid = Find("setsid");
    private static readonly string Program = Find("bash") ?? "/bin/sh";

    /// <summary>
    /// The program and its arguments: <c>setsid bash -c 'exec "$0" "$@" 2>&amp;1' bash -c SCRIPT</c>. The outer shell gives both
    /// streams the same pipe, so that their order is kept, and becomes the inner one.
    /// </summary>
    /// <param name="script">The script.</param>
    /// <param name="folder">Where a long script is put.</param>
    /// <param name="mark">Makes the name of its file.</param>
    /// <param name="together">Whether both streams go the same way.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<IReadOnlyList<string>> CommandAsync(string script, TaskFolder folder, string mark, bool together, CancellationToken cancellationToken)
    {
        string[] inner = [Program, "-c", script];
        if (Encoding.UTF8.GetByteCount(script) > LongestArgument)
        {
            var file = Path.Combine(folder.Temp, $"script-{mark}.sh");
            await File.WriteAllTextAsync(file, script, cancellationToken);
            inner = [Program, file];
        }

        return [.. SetSid is null ? Array.Empty<string>() : [SetSid], Program, "-c", $"""exec "$0" "$@"{(together ? " 2>&1" : "")}""", .. inner];
    }

    /// <summary>The script that is this program with these arguments, and nothing else.</summary>
    public static string Script(IEnumerable<string> command) => $"exec {string.Join(' ', command.Select(Quoted))}";

    private static string Quoted(string text) => $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    private static string? Find(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
