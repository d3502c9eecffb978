using System.Diagnostics;
using System.Text;
using System.Text.Json;
using CodeAgent.Testing;

namespace CodeAgent.SystemTests.Running;

/// <summary>The whole system, started by its AppHost as a process of its own, on free ports and in a folder of its own.</summary>
internal sealed class RunningSystem : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private readonly IReadOnlyDictionary<string, string> _environment;
    private readonly bool _ownsData;
    private readonly StringBuilder _output = new();
    private Process? _appHost;

    private RunningSystem(string data, IReadOnlyDictionary<string, string> environment, bool ownsData) =>
        (Data, _environment, _ownsData) = (data, environment, ownsData);

    /// <summary>Where everything that this instance keeps is.</summary>
    public string Data { get; }

    public ApiClient Api { get; private set; } = null!;

    public HttpClient Gateway { get; private set; } = null!;

    public int AppHostId => _appHost!.Id;

    public static async Task<RunningSystem> StartAsync(IReadOnlyDictionary<string, string>? environment = null)
    {
        var data = Directory.CreateTempSubdirectory("codeagent-test-").FullName;
        var system = new RunningSystem(data, environment ?? new Dictionary<string, string>(), ownsData: true);
        try
        {
            await system.ConfigureAsync();
            await system.StartAgainAsync();
            return system;
        }
        catch
        {
            await system.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the AppHost on the same folder; the one before must have ended.</summary>
    public async Task StartAgainAsync()
    {
        var runFile = Path.Combine(Data, "run.json");
        File.Delete(runFile);
        var start = new ProcessStartInfo("dotnet",
        [
            Path.Combine(Repository.Output("CodeAgent.AppHost"), "CodeAgent.AppHost.dll"),
            "--Ports:Api", "0", "--Ports:Gateway", "0", "--Ports:Redis", "0", "--Dashboard:Enabled", "false",
            "--Data:Directory", Data, "--redis", "embedded",
        ])
        {
            WorkingDirectory = Repository.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var name in (string[])["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "CODEAGENT_API_KEY", "OTEL_EXPORTER_OTLP_ENDPOINT"])
        {
            start.Environment.Remove(name);
        }

        start.Environment["Config__Directory"] = Path.Combine(Data, "config");
        start.Environment["ASPNETCORE_ENVIRONMENT"] = start.Environment["DOTNET_ENVIRONMENT"] = "Development";
        foreach (var (name, value) in _environment)
        {
            start.Environment[name] = value;
        }

        _appHost = Process.Start(start)!;
        _appHost.StandardInput.Close();
        _appHost.OutputDataReceived += Keep;
        _appHost.ErrorDataReceived += Keep;
        _appHost.BeginOutputReadLine();
        _appHost.BeginErrorReadLine();

        var run = await Eventually.GetAsync(async () =>
        {
            if (_appHost.HasExited)
            {
                throw new InvalidOperationException($"The AppHost ended with {_appHost.ExitCode}:\n{Output}");
            }

            return File.Exists(runFile) ? await File.ReadAllTextAsync(runFile) : null;
        }, StartLimit, "the AppHost is ready");

        using var json = JsonDocument.Parse(run);
        var key = (await File.ReadAllTextAsync(json.RootElement.GetProperty("keyFile").GetString()!)).Trim();
        Api = new ApiClient(Client(json.RootElement.GetProperty("apiUrl").GetString()!, key));
        Gateway = Client(json.RootElement.GetProperty("gatewayUrl").GetString()!, key);
    }

    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>The processes of a service, by the name of its program; those that run here and now, whoever started them.</summary>
    public Task<IReadOnlyList<int>> ProcessesAsync(string program) =>
        Processes.FindAsync((commandLine, environment) =>
            commandLine.Split('\0').Any(part => Path.GetFileName(part) is var file && (file == program || file == $"{program}.dll"))
            && environment.Contains(Data, StringComparison.Ordinal));

    /// <summary>Ends the service as a crash of the machine would.</summary>
    public async Task KillAsync(string program)
    {
        foreach (var id in await ProcessesAsync(program))
        {
            Processes.Signal(id, Processes.Kill);
        }
    }

    public async Task KillAppHostAsync()
    {
        Processes.Signal(AppHostId, Processes.Kill);
        await _appHost!.WaitForExitAsync();
    }

    /// <summary>Ends the AppHost as Ctrl+C does.</summary>
    /// <exception cref="TimeoutException">It was still there after <see cref="StartLimit"/>; it is killed then.</exception>
    public Task<int> InterruptAsync() => EndAsync(Processes.Interrupt);

    /// <summary>Every process that belongs to this instance.</summary>
    public Task<IReadOnlyList<int>> AllProcessesAsync() =>
        Processes.FindAsync((_, environment) => environment.Contains(Data, StringComparison.Ordinal));

    public async ValueTask DisposeAsync()
    {
        if (_appHost is { HasExited: false })
        {
            // Whoever is started in the background by a shell cannot be interrupted, nor can those whom it starts.
            await EndAsync(Processes.Terminate);
        }

        _appHost?.Dispose();
        if (_ownsData)
        {
            Directory.Delete(Data, recursive: true);
        }
    }

    private async Task<int> EndAsync(int signal)
    {
        Processes.Signal(AppHostId, signal);
        using var limit = new CancellationTokenSource(StartLimit);
        try
        {
            await _appHost!.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            await KillAppHostAsync();
            throw new TimeoutException($"The AppHost did not end:\n{Output}");
        }

        return _appHost.ExitCode;
    }

    // The configuration as shipped, but tasks may use repositories in the temporary folder and this one.
    private async Task ConfigureAsync()
    {
        var folder = Directory.CreateDirectory(Path.Combine(Data, "config")).FullName;
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "config"), "*.yaml"))
        {
            await File.WriteAllTextAsync(Path.Combine(folder, Path.GetFileName(file)), await File.ReadAllTextAsync(file));
        }

        await File.WriteAllTextAsync(Path.Combine(folder, "api.yaml"), $"""
            repositories:
              allowedFolders:
                - {Path.GetTempPath()}
                - {Repository.Root}
            """);
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_output)
        {
            _output.AppendLine(line.Data);
        }
    }

    private static HttpClient Client(string address, string key) => new()
    {
        BaseAddress = new(address),
        DefaultRequestHeaders = { Authorization = new("Bearer", key) },
    };
}
