using System.Diagnostics;
using System.Text;
using CliWrap;
using CodeAgent.Testing;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Processes;
using CodeAgent.Worker.Tests.Benches;

namespace CodeAgent.Worker.Tests.Sandboxes;

/// <summary>Tests of containers share one service, one after another.</summary>
[CollectionDefinition(nameof(PodmanService))]
public sealed class PodmanCollection : ICollectionFixture<PodmanService>;

/// <summary>Podman's service, with a storage and an image of its own. The image has nothing in it but links: the machine's own programs are what runs in it.</summary>
public sealed class PodmanService : IAsyncLifetime
{
    public const string Image = "localhost/codeagent-test:latest";
    private readonly TestFolder _folder = new();
    private Process? _service;
    private string? _reason;

    private string Socket => _folder["s"];

    private string[] Storage => ["--root", _folder["storage"], "--runroot", _folder["run"], "--storage-driver", "vfs"];

    public async ValueTask InitializeAsync()
    {
        if (Shell.Find("podman") is null || (Shell.Find("runc") ?? Shell.Find("crun")) is not { } runtime)
        {
            _reason = "Podman is not installed, or neither runc nor crun is.";
            return;
        }

        // Where the machine's own limits are low, Podman's defaults are above them. What looks after a container becomes a child of this
        // process; without the mark, the end of some other test's command would take it for a stray of that command, and end it.
        await File.WriteAllTextAsync(_folder["containers.conf"], $"""
            [containers]
            default_ulimits=["nofile=10000:10000","nproc=4096:4096"]
            [engine]
            cgroup_manager="cgroupfs"
            conmon_env_vars=["PATH={Environment.GetEnvironmentVariable("PATH")}", "{WorkerMark.Variable}={await WorkerMark.Here}"]
            events_logger="file"
            runtime="{Path.GetFileName(runtime)}"
            [engine.runtimes]
            {Path.GetFileName(runtime)}=["{runtime}"]
            """);
        await Bash.RunAsync(_folder.Path, """
            mkdir image && cd image
            mkdir usr etc tmp proc dev sys run home root var
            ln -s usr/bin bin; ln -s usr/sbin sbin; ln -s usr/lib lib; ln -s usr/lib64 lib64
            echo 'root:x:0:0:root:/root:/bin/sh' >etc/passwd; echo 'root:x:0:' >etc/group
            tar -cf ../image.tar .
            """);
        _reason = await RunAsync(["import", _folder["image.tar"], Image]) ?? await RunAsync(["run", "--rm", "--network", "none", "--volume", "/usr:/usr:ro", Image, "true"]);
        if (_reason is null)
        {
            var start = new ProcessStartInfo("podman", [.. Storage, "system", "service", "--time=0", $"unix://{Socket}"]) { Environment = { ["CONTAINERS_CONF"] = _folder["containers.conf"] } };
            _service = Process.Start(start);
            await Eventually.TrueAsync(() => Task.FromResult(File.Exists(Socket)), TimeSpan.FromSeconds(20), "Podman's socket is there");
        }
    }

    /// <summary>Skips a test where there is no Podman that works.</summary>
    internal void Set(WorkerOptions options)
    {
        Assert.SkipWhen(_reason is not null, $"Containers cannot be run here: {_reason}");
        options.Sandbox.Container.Socket = Socket;
        options.Sandbox.Container.Image = Image;
        options.Sandbox.ReadOnly = ["/usr", "/etc/alternatives"];
    }

    public async ValueTask DisposeAsync()
    {
        if (_service is not null)
        {
            await RunAsync(["rm", "--all", "--force", "--time", "0"]);
            _service.Kill();
            await _service.WaitForExitAsync();
            _service.Dispose();
        }

        await Cli.Wrap("rm").WithArguments(["-rf", _folder["storage"], _folder["run"]]).WithValidation(CommandResultValidation.None).ExecuteAsync();
        _folder.Dispose();
    }

    // What it said, where it failed.
    private async Task<string?> RunAsync(string[] arguments)
    {
        var errors = new StringBuilder();
        var result = await Cli.Wrap("podman").WithArguments([.. Storage, .. arguments]).WithEnvironmentVariables(new Dictionary<string, string?> { ["CONTAINERS_CONF"] = _folder["containers.conf"] })
            .WithStandardOutputPipe(PipeTarget.ToStringBuilder(new())).WithStandardErrorPipe(PipeTarget.ToStringBuilder(errors)).WithValidation(CommandResultValidation.None).ExecuteAsync();
        return result.ExitCode == 0 ? null : $"podman {arguments[0]} exited with {result.ExitCode}: {errors.ToString().Trim()}";
    }
}
