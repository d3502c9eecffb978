using CodeAgent.Benchmarks.Machine;

namespace CodeAgent.Benchmarks.Gateway;

/// <summary>What must be there before anything is measured.</summary>
internal static class Requirements
{
    private static readonly (string Program, string Package)[] Needed = [("wrk", "wrk"), ("redis-server", "redis-server")];

    /// <exception cref="BenchmarkException">Something is missing.</exception>
    public static void Check()
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new BenchmarkException("The benchmark reads processor time and memory from /proc: it runs on Linux only.");
        }

        if (!Places.Configuration.Equals("release", StringComparison.OrdinalIgnoreCase))
        {
            throw new BenchmarkException("A debug build is not worth measuring: dotnet run -c Release --project tests/CodeAgent.Benchmarks -- …");
        }

        string[] missing = [.. Needed.Where(needed => Places.OnPath(needed.Program) is null).Select(needed => needed.Package)];
        if (missing.Length > 0)
        {
            throw new BenchmarkException($"Missing: {string.Join(", ", missing)}. On Debian: apt-get install {string.Join(' ', missing)}");
        }
    }
}
