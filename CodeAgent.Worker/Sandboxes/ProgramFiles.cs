using System.Text;
using CodeAgent.Worker.Processes;

namespace CodeAgent.Worker.Sandboxes;

/// <summary>Where a program's files are, so that one installed below somebody's home can be started where that home is not seen. As little as will do: never the home itself.</summary>
internal static class ProgramFiles
{
    private const string Modules = "/node_modules/";
    private const int LongestInterpreterLine = 256;

    /// <summary>The files and folders that a program needs: itself, its package, its interpreter.</summary>
    /// <param name="program">A name on the PATH, or a path. Nothing is found where there is no such program.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public static async Task<IReadOnlyList<string>> OfAsync(string program, CancellationToken cancellationToken)
    {
        if ((Path.IsPathRooted(program) ? program : Shell.Find(program)) is not { } found || !File.Exists(found))
        {
            return [];
        }

        var real = File.ResolveLinkTarget(found, returnFinalTarget: true)?.FullName ?? found;
        List<string> needed = [found, real, .. PackageOf(real)];
        if (await InterpreterAsync(real, cancellationToken) is { } interpreter && interpreter != program)
        {
            needed.AddRange(await OfAsync(interpreter, cancellationToken));
        }

        return [.. needed.Distinct()];
    }

    // lib/node_modules of npm; the folder of a Python environment; versions/2.1.0 of what installs itself.
    private static IEnumerable<string> PackageOf(string path)
    {
        var modules = path.IndexOf(Modules, StringComparison.Ordinal);
        if (modules >= 0)
        {
            return [path[..(modules + Modules.Length - 1)]];
        }

        var environment = Path.GetDirectoryName(Path.GetDirectoryName(path));
        return environment is not null && File.Exists(Path.Combine(environment, "pyvenv.cfg")) ? [environment] : [];
    }

    // #!/usr/bin/env node, #!/usr/bin/env -S node --x, #!/home/me/venv/bin/python
    private static async Task<string?> InterpreterAsync(string path, CancellationToken cancellationToken)
    {
        var head = new byte[LongestInterpreterLine];
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0, FileOptions.Asynchronous);
        var length = await file.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken);
        var line = Encoding.UTF8.GetString(head, 0, length).Split('\n')[0];
        if (!line.StartsWith("#!", StringComparison.Ordinal))
        {
            return null;
        }

        var words = line[2..].Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return words is [var env, ..] && Path.GetFileName(env) == "env"
            ? words.Skip(1).FirstOrDefault(word => !word.StartsWith('-') && !word.Contains('='))
            : words.FirstOrDefault();
    }
}
