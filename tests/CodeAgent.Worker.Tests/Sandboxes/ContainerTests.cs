using CodeAgent.Contracts;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Processes;
using CodeAgent.Worker.Sandboxes.Containers;

namespace CodeAgent.Worker.Tests.Sandboxes;

[Collection(nameof(PodmanService))]
public sealed class ContainerEscapeTests(PodmanService podman) : EscapeTests(SandboxMode.Container)
{
    private protected override void Configure(WorkerOptions options) => podman.Set(options);
}

[Collection(nameof(PodmanService))]
public sealed class ContainerEverydayTests(PodmanService podman) : EverydayTests(SandboxMode.Container)
{
    private protected override void Configure(WorkerOptions options) => podman.Set(options);
}

[Collection(nameof(PodmanService))]
public sealed class ContainerTests(PodmanService podman)
{
    [Fact]
    public async Task A_task_that_names_an_image_gets_a_container_whatever_the_worker_would_choose()
    {
        await using var bench = await SandboxBench.OpenAsync(SandboxMode.None, podman.Set, request => request.Sandbox = new() { Image = PodmanService.Image });
        Assert.Equal("container", bench.Sandbox.Kind);
        Assert.Equal("in it\n", (await bench.RunAsync("echo in it")).Output);
    }

    [Fact]
    public async Task An_image_that_is_nowhere_is_said()
    {
        var failed = await Assert.ThrowsAsync<TaskFailedException>(() => SandboxBench.OpenAsync(SandboxMode.None, podman.Set, request => request.Sandbox = new() { Image = "127.0.0.1:1/nothing:here" }));
        Assert.Equal(FailureCodes.SandboxUnavailable, failed.Failure.Code);
        Assert.Contains("127.0.0.1:1/nothing:here", failed.Failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_much_memory_ends_the_command_and_is_said()
    {
        await using var bench = await SandboxBench.OpenAsync(SandboxMode.Container, options =>
        {
            podman.Set(options);
            options.Sandbox.Limits.Memory = "64M";
        });
        var result = await bench.RunAsync("exec python3 -c 'held = [b\"x\" * 1000000 for _ in range(400)]'");
        Assert.Equal(137, result.ExitCode);
        Assert.Contains("may use 64 MiB of memory together", result.Limit, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_agents_program_reaches_the_gateway_and_what_is_allowed()
    {
        Assert.SkipWhen(Shell.Find("curl") is null, "The program curl is not installed.");
        await using var bench = await SandboxBench.OpenAsync(SandboxMode.Container, options =>
        {
            podman.Set(options);
            options.Sandbox.Network.Allow = ["allowed.example"];
        }, request => request.Agent = new() { Name = AgentNames.Codex });
        var result = await bench.RunAsync($"curl -sS -o /dev/null -w '%{{http_code}} ' {bench.Sandbox.Gateway.Url}v1/models; curl -sS http://other.example/");
        Assert.Equal("401 other.example:80 is not on the list of what programs of this sandbox may reach (sandbox.network.allow in config/worker.yaml).\n", result.Output);
    }

    [Fact]
    public async Task Containers_of_a_dead_worker_are_removed_and_those_of_a_living_one_are_not()
    {
        await using var bench = await SandboxBench.OpenAsync(SandboxMode.Container, podman.Set);
        var (engine, _) = await ContainerEngine.FindAsync(bench.Options.Sandbox.Container, TestContext.Current.CancellationToken);
        using var found = engine!;
        var here = await WorkerMark.Here;
        var dead = await MakeAsync(found, here with { Started = here.Started - 1 });
        var living = await MakeAsync(found, here);

        await bench.SweepContainersAsync();
        var left = (await found.Client.Containers.ListContainersAsync(new() { All = true }, TestContext.Current.CancellationToken)).Select(container => container.ID).ToList();
        Assert.DoesNotContain(dead, left);
        Assert.Contains(living, left);
        await found.Client.Containers.RemoveContainerAsync(living, new() { Force = true }, TestContext.Current.CancellationToken);
    }

    private static async Task<string> MakeAsync(ContainerEngine engine, WorkerMark mark) => (await engine.Client.Containers.CreateContainerAsync(new()
    {
        Image = PodmanService.Image,
        Cmd = ["/bin/sleep", "60"],
        Labels = new Dictionary<string, string> { [ContainerLabels.Worker] = mark.ToString() },
    }, TestContext.Current.CancellationToken)).ID;
}

public sealed class UnavailableTests
{
    [Fact]
    public async Task A_worker_that_has_none_so_strong_fails_the_task_with_the_reason()
    {
        var failed = await Assert.ThrowsAsync<TaskFailedException>(() => SandboxBench.OpenAsync(
            SandboxMode.None, options => options.Sandbox.Container.Socket = "/nowhere/docker.sock", request => request.Sandbox = new() { AtLeast = SandboxNames.Container }));
        Assert.Equal(FailureCodes.SandboxUnavailable, failed.Failure.Code);
        Assert.Contains("/nowhere/docker.sock", failed.Failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("docker.io/library/node:22", "docker.io/library/node", "22")]
    [InlineData("node", "node", "latest")]
    [InlineData("registry:5000/team/tool", "registry:5000/team/tool", "latest")]
    [InlineData("registry:5000/team/tool@sha256:00", "registry:5000/team/tool@sha256:00", null)]
    public void An_images_name_is_taken_apart_at_its_tag(string image, string name, string? tag) => Assert.Equal((name, tag), ContainerImages.Split(image));
}
