using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace CodeAgent.SystemTests.AppHost;

/// <summary>What the AppHost is told and cannot do is said in a line, before anything is started.</summary>
public sealed class RefusalTests : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("codeagent-test-").FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task A_port_in_use_is_named_with_its_setting()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);

        var run = await AppHostRun.ToEndAsync(_data, "--Ports:Gateway", port, "--Ports:Api", "0");

        Assert.Equal(1, run.Code);
        Assert.Contains($"Port {port} is in use", run.Errors, StringComparison.Ordinal);
        Assert.Contains("--Ports:Gateway", run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain(" at ", run.Errors, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_data, "redis")), "Redis was started");
        Assert.True(other.Server.IsBound);
    }

    [Theory]
    [InlineData("--Ports:Api", "70000", "Ports:Api is '70000'; it must be a number from 0 to 65535.")]
    [InlineData("--Workers", "0", "Workers is '0'; it must be a number from 1 to 64.")]
    [InlineData("--Dashboard:Enabled", "perhaps", "Dashboard:Enabled is 'perhaps'; it must be true or false.")]
    public async Task A_setting_that_makes_no_sense(string name, string value, string message)
    {
        var run = await AppHostRun.ToEndAsync(_data, name, value);

        Assert.Equal((1, message), (run.Code, run.Errors.Trim()));
    }
}
