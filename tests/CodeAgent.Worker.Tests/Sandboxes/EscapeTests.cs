using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Tests.Benches;

namespace CodeAgent.Worker.Tests.Sandboxes;

public sealed class BubblewrapEscapeTests : EscapeTests
{
    public BubblewrapEscapeTests()
        : base(SandboxMode.Bubblewrap)
    {
    }
}

/// <summary>What a program in a sandbox may try, and does not get.</summary>
public abstract class EscapeTests : IAsyncLifetime
{
    private const string Canary = "canary-7d1f";
    private readonly SandboxMode _kind;
    private readonly TestFolder _outside = new();
    private SandboxBench _bench = null!;
    private Process _neighbour = null!;
    private TcpListener _redis = null!;

    private protected EscapeTests(SandboxMode kind) => _kind = kind;

    /// <summary>What the kind needs to be set.</summary>
    private protected virtual void Configure(WorkerOptions options)
    {
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _bench = await SandboxBench.OpenAsync(_kind, Configure);

        // What is there to be had: a process of the same user with a key in its environment, files beside the workspace, a port.
        _neighbour = Process.Start(new ProcessStartInfo("sleep", ["300"]) { Environment = { ["CODEAGENT_WORKER_KEY"] = Canary } })!;
        await File.WriteAllTextAsync(_outside["worker.yaml"], Canary, Token);
        await File.WriteAllTextAsync(Path.Combine(_bench.Workspaces.Folders.Root, "key"), Canary, Token);
        var other = Directory.CreateDirectory(Path.Combine(_bench.Workspaces.Folders.Tasks, "other-1", "tree"));
        await File.WriteAllTextAsync(Path.Combine(other.FullName, "secret"), Canary, Token);
        _redis = new(IPAddress.Any, 0);
        _redis.Start();
    }

    [Theory]
    [InlineData("the worker's key in the environments of processes", "cat /proc/[0-9]*/environ | tr '\\0' '\\n'")]
    [InlineData("the worker's key in one process", "cat /proc/{neighbour}/environ")]
    [InlineData("the memory of a process", "cat /proc/{neighbour}/mem; cat /proc/{neighbour}/maps")]
    [InlineData("the worker's configuration", "cat {outside}/worker.yaml")]
    [InlineData("the worker's files", "cat {work}/key")]
    [InlineData("another task's files", "cat {work}/tasks/other-1/tree/secret")]
    [InlineData("any file at all", "grep -rl canary-7d1[f] / --include=* --exclude-dir=proc --exclude-dir=sys --exclude-dir=usr 2>/dev/null; ls {work} {work}/tasks")]
    [InlineData("files by way of a process", "cat /proc/{neighbour}/cwd/worker.yaml /proc/{neighbour}/root{outside}/worker.yaml /proc/1/root{outside}/worker.yaml")]
    [InlineData("files by way of a link", "ln -s {outside}/worker.yaml link && cat link")]
    [InlineData("passwords", "cat /etc/shadow /etc/shadow- /etc/gshadow && echo canary-7d1f")]
    [InlineData("private keys", "ls /etc/ssl/private /etc/ssh /root/.ssh {home}/.ssh && echo canary-7d1f")]
    [InlineData("the token of the lease", "env | grep cat_ && echo canary-7d1f")]
    public async Task What_is_not_the_tasks_is_not_seen(string what, string script)
    {
        var result = await RunAsync(script);
        Assert.False(result.Output.Contains(Canary, StringComparison.Ordinal), $"{what}: {result.Output}");
    }

    [Theory]
    [InlineData("signals a process of the host", "kill -0 {neighbour}")]
    [InlineData("ends a process of the host", "kill -9 {neighbour}")]
    [InlineData("sees a process of the host", "ls -d /proc/{neighbour}")]
    [InlineData("traces a process of the host", "python3 -c 'import ctypes,sys; sys.exit(ctypes.CDLL(None).ptrace(16, {neighbour}, 0, 0) != 0)'")]
    [InlineData("writes outside", "echo x >{outside}/made")]
    [InlineData("writes into the system", "echo x >/usr/bin/made")]
    [InlineData("writes into the root", "echo x >/made")]
    [InlineData("changes the settings of the kernel", "test -w /proc/sys/kernel/core_pattern || test -w /proc/sys/vm/overcommit_memory || test -w /proc/sysrq-trigger")]
    [InlineData("writes to anything of the kernel's that is not for capabilities alone", "find /proc -path '/proc/[0-9]*' -prune -o -path /proc/pressure -prune -o -path /proc/mtrr -prune -o ! -type l -writable -print 2>/dev/null | while read -r path; do test -c $path || echo $path; done | grep .")]
    [InlineData("reads the kernel's own", "cat /proc/kcore /proc/keys 2>/dev/null | head -c 1 | grep -q . ")]
    [InlineData("changes the cache's objects", "echo x >{objects}/made")]
    [InlineData("mounts", "mount -t tmpfs none {tree}")]
    [InlineData("mounts the host's files", "mount --bind / {tree}")]
    [InlineData("undoes a mount", "umount /usr || umount -l /proc")]
    [InlineData("makes a user namespace", "unshare --user --map-root-user true")]
    [InlineData("enters the host's namespaces", "nsenter --target 1 --mount ls {outside}/worker.yaml")]
    [InlineData("makes a device", "mknod {tree}/disk b 8 0")]
    [InlineData("changes the host's name", "hostname made")]
    [InlineData("reaches Redis on the host", "exec 3<>/dev/tcp/127.0.0.1/{port}")]
    [InlineData("reaches Redis by IPv6", "exec 3<>/dev/tcp/::1/{port}")]
    [InlineData("reaches the host's own address", "exec 3<>/dev/tcp/{address}/{port}")]
    [InlineData("reaches a private address", "timeout 2 bash -c 'exec 3<>/dev/tcp/10.0.0.1/80'")]
    [InlineData("reaches the cloud's metadata", "timeout 2 bash -c 'exec 3<>/dev/tcp/169.254.169.254/80'")]
    [InlineData("reaches a public address", "timeout 2 bash -c 'exec 3<>/dev/tcp/1.1.1.1/443'")]
    [InlineData("asks for a name", "timeout 5 getent ahosts example.org")]
    [InlineData("speaks with the daemons of containers", "ls /var/run/docker.sock /run/podman/podman.sock /run/dbus/system_bus_socket 2>/dev/null")]
    public async Task What_reaches_out_fails(string what, string script)
    {
        var result = await RunAsync(script);
        Assert.True(result.ExitCode != 0, $"{what}: {result.Output}");
        Assert.False(_neighbour.HasExited);
        Assert.False(File.Exists(_outside["made"]));
    }

    [Theory]
    [InlineData("in the background", "{sleep} &")]
    [InlineData("without a parent", "({sleep} &)")]
    [InlineData("in a session of its own", "setsid {sleep} &")]
    [InlineData("deaf to hangups", "nohup {sleep} >/dev/null 2>&1 &")]
    [InlineData("twice removed", "(setsid nohup bash -c '({sleep} &)' &)")]
    [InlineData("without an environment", "(env -i setsid /bin/{sleep} &)")]
    [InlineData("deaf to everything", "(setsid bash -c 'trap \"\" TERM INT HUP QUIT; {sleep}; {sleep}' &)")]
    public async Task No_process_outlives_its_command_however_it_ends(string how, string script)
    {
        foreach (var (end, seconds) in new[] { ("exit 0", 30), ("exit 3", 30), ("kill -9 $$", 30), ("sleep 60", 1) })
        {
            var number = $"7{Random.Shared.NextInt64(1_000_000_000)}.5";
            var result = await _bench.RunAsync($"{script.Replace("{sleep}", $"sleep {number}", StringComparison.Ordinal)}\nsleep 0.2; {end}", seconds);
            Assert.True(result.ExitCode == end switch { "exit 0" => 0, "exit 3" => 3, "sleep 60" => 124, _ => 137 }, $"{how}, {end}: {result.ExitCode} {result.Output}");
            await SandboxBench.NobodyAsync(number);
        }
    }

    [Fact]
    public async Task What_is_written_beside_the_workspace_is_not_there_outside()
    {
        await RunAsync("echo x >{tree}/../made; echo x >{work}/made; echo x >{work}/tasks/other-1/tree/made");
        Assert.False(File.Exists(Path.Combine(_bench.Workspace.Folder.Root, "made")));
        Assert.False(File.Exists(Path.Combine(_bench.Workspaces.Folders.Root, "made")));
        Assert.False(File.Exists(Path.Combine(_bench.Workspaces.Folders.Tasks, "other-1", "tree", "made")));
    }

    [Fact]
    public async Task A_program_that_kills_all_that_it_can_harms_only_itself()
    {
        var other = _bench.RunAsync("sleep 1; echo still here");
        await RunAsync("kill -9 $PPID; kill -9 -1");
        Assert.Equal("still here\n", (await other).Output);
        Assert.False(_neighbour.HasExited);
        Assert.Equal("and again\n", (await RunAsync("echo and again")).Output);
    }

    [Fact]
    public async Task What_the_worker_does_with_the_workspace_runs_nothing_of_it_and_follows_no_link_out()
    {
        var marker = _outside["ran"];
        await File.WriteAllTextAsync(_outside["target"], "before", Token);
        var written = await RunAsync($$"""
            set -e
            printf '#!/bin/sh\ntouch {{marker}}\n' >evil.sh && chmod +x evil.sh
            for hook in pre-commit post-checkout post-index-change reference-transaction; do cp evil.sh .git/hooks/$hook 2>/dev/null || { mkdir -p .git/hooks; cp evil.sh .git/hooks/$hook; }; done
            git config core.fsmonitor "$PWD/evil.sh"; git config core.hooksPath "$PWD/.git/hooks"; git config core.sshCommand "$PWD/evil.sh"; git config diff.external "$PWD/evil.sh"
            git config filter.evil.clean "$PWD/evil.sh"; git config filter.evil.smudge "$PWD/evil.sh"; git config diff.evil.textconv "$PWD/evil.sh"
            printf '* filter=evil diff=evil\n' >.gitattributes
            ln -s {{_outside.Path}}/target out.txt
            ln -s {{_outside.Path}} folder
            echo changed >>read.me
            """);
        Assert.True(written.ExitCode == 0, $"{written.ExitCode}: {written.Output}");

        var tree = await _bench.Workspace.SnapshotAsync(Token);
        await _bench.Workspace.WritePatchAsync(tree, _outside["patch"], Token);
        await _bench.Workspace.ResetAsync(await _bench.Workspace.BaseTreeAsync(Token), Token);

        var patch = await File.ReadAllTextAsync(_outside["patch"], Token);
        Assert.Contains("+changed", patch, StringComparison.Ordinal);
        Assert.Contains("new file mode 120000", patch, StringComparison.Ordinal);
        Assert.DoesNotContain("before", patch, StringComparison.Ordinal);
        Assert.False(File.Exists(marker));
        Assert.Equal("before", await File.ReadAllTextAsync(_outside["target"], Token));
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        _redis?.Dispose();
        _neighbour?.Kill();
        _neighbour?.Dispose();
        _outside.Dispose();
        if (_bench is not null)
        {
            await _bench.DisposeAsync();
        }
    }

    private async Task<(int ExitCode, string Output)> RunAsync(string script)
    {
        var result = await _bench.RunAsync(script
            .Replace("{neighbour}", _neighbour.Id.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("{outside}", _outside.Path, StringComparison.Ordinal)
            .Replace("{work}", _bench.Workspaces.Folders.Root, StringComparison.Ordinal)
            .Replace("{tree}", _bench.Workspace.Folder.Tree, StringComparison.Ordinal)
            .Replace("{home}", Environment.GetEnvironmentVariable("HOME"), StringComparison.Ordinal)
            .Replace("{objects}", Path.Combine(_bench.Workspace.Base.Folder, "objects"), StringComparison.Ordinal)
            .Replace("{port}", ((IPEndPoint)_redis.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("{address}", Address(), StringComparison.Ordinal));
        return (result.ExitCode, result.Output);
    }

    private static string Address() => System.Net.NetworkInformation.NetworkInterface.GetAllNetworkInterfaces()
        .SelectMany(network => network.GetIPProperties().UnicastAddresses).Select(unicast => unicast.Address)
        .FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address))?.ToString() ?? "127.0.0.2";
}
