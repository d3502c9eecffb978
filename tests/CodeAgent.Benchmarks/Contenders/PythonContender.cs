using CodeAgent.Benchmarks.Machine;

namespace CodeAgent.Benchmarks.Contenders;

/// <summary>A proxy as it is usually written in Python: FastAPI and httpx on uvicorn and uvloop, a worker a core.</summary>
internal sealed class PythonContender : Contender
{
    private const string Python = "/usr/bin/python3";
    private const string Versions = """
        import platform, fastapi, httpx, httptools, uvicorn, uvloop
        print(f"Python {platform.python_version()}, FastAPI {fastapi.__version__}, httpx {httpx.__version__}, uvicorn {uvicorn.__version__}, uvloop {uvloop.__version__}")
        """;

    private string _versions = "";

    public override string Key => "python";

    public override string Title => "Python proxy";

    public override string Description => $"{_versions}, httptools; {Environment.ProcessorCount} workers, one a core; no keys, no telemetry, no log";

    public override async Task StartAsync(MockContender mock, CancellationToken stop)
    {
        var (code, output) = await Tool.TryRunAsync(Python, ["-c", Versions], stop);
        if (code != 0)
        {
            throw new SkippedException("it needs: apt-get install python3-fastapi python3-uvicorn python3-uvloop python3-httpx python3-httptools");
        }

        _versions = output.Trim();
        await StartAsync(
            [Python, "-m", "uvicorn", "proxy:app", "--app-dir", Places.Beside("Contenders"), "--host", "127.0.0.1", "--port", $"{Port}",
                "--workers", $"{Environment.ProcessorCount}", "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"],
            stop, new Dictionary<string, string> { ["UPSTREAM"] = $"http://127.0.0.1:{mock.Port}", ["PYTHONDONTWRITEBYTECODE"] = "1" });
    }
}
