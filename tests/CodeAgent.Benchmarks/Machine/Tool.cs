using System.ComponentModel;
using System.Diagnostics;

namespace CodeAgent.Benchmarks.Machine;

/// <summary>A program that is run to its end for what it prints.</summary>
internal static class Tool
{
    /// <exception cref="BenchmarkException">There is no such program, or it failed.</exception>
    public static async Task<string> RunAsync(string program, string[] arguments, CancellationToken stop) =>
        await TryRunAsync(program, arguments, stop) is (0, var output) ? output
            : throw new BenchmarkException($"{program} {string.Join(' ', arguments)} failed.");

    /// <summary>The program's exit code, or null where there is none, and what it printed.</summary>
    public static async Task<(int? Code, string Output)> TryRunAsync(string program, string[] arguments, CancellationToken stop, string? folder = null)
    {
        Process process;
        try
        {
            process = Process.Start(new ProcessStartInfo(program, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = folder ?? Places.Work,
            })!;
        }
        catch (Win32Exception)
        {
            return (null, "");
        }

        using (process)
        {
            try
            {
                var (output, errors) = (process.StandardOutput.ReadToEndAsync(stop), process.StandardError.ReadToEndAsync(stop));
                await process.WaitForExitAsync(stop);
                return (process.ExitCode, await output + await errors);
            }
            finally
            {
                if (!process.HasExited)
                {
                    process.Kill(entireProcessTree: true);
                }
            }
        }
    }

    /// <summary>The first line that a program prints; a dash where there is no such program.</summary>
    public static async Task<string> LineAsync(string program, string[] arguments, CancellationToken stop)
    {
        var (_, output) = await TryRunAsync(program, arguments, stop);
        return output.Split('\n')[0].Trim() is { Length: > 0 } line ? line : "-";
    }
}
