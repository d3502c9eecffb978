using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using CodeAgent.Testing.Redis;

namespace CodeAgent.LlmGateway.Tests.Configuration;

public sealed class StartTests(GarnetFixture redis) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gateway-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task<(int Code, string Error)> RunAsync(string url, params string[] settings)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location, "--urls", url, "--Config:Directory", _folder, .. settings])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["ConnectionStrings__redis"] = redis.ConnectionString },
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        await output;
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, error);
    }

    [Fact]
    public async Task A_bad_file_stops_the_gateway_before_it_starts()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "gateway.yaml"), "providers:\n  x: { kind: simulator, speed: 9 }\n", TestContext.Current.CancellationToken);

        var (code, error) = await RunAsync("http://127.0.0.1:0");

        Assert.Equal(1, code);
        Assert.Contains("gateway.yaml(2): there is no 'speed' here", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_setting_that_makes_no_sense_is_refused_in_plain_words()
    {
        var (code, error) = await RunAsync("http://127.0.0.1:0", "--Redis:AnswerWithin", "00:00:00");

        Assert.Equal(1, code);
        Assert.StartsWith("The settings are refused: Redis:AnswerWithin is how long a request waits for Redis", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        var (code, error) = await RunAsync($"http://127.0.0.1:{port}");

        Assert.Equal(1, code);
        Assert.Contains($":{port}", error, StringComparison.Ordinal);
        Assert.Contains("ASPNETCORE_URLS", error, StringComparison.Ordinal);
    }
}
