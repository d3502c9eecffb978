using System.Net;
using System.Net.Sockets;
using CodeAgent.Api.Callbacks;

namespace CodeAgent.Api.Tests.Callbacks;

/// <summary>Where callbacks do not go. Nothing here leaves the machine: what is refused is refused before a connection.</summary>
public sealed class AddressGuardTests
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private const string Refused = "The name leads to an address that callbacks may not go to.";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("127.0.0.1", "loopback")]
    [InlineData("127.255.255.254", "loopback")]
    [InlineData("0.0.0.0", "this host")]
    [InlineData("10.0.0.1", "private")]
    [InlineData("172.16.0.1", "private")]
    [InlineData("172.31.255.255", "private")]
    [InlineData("192.168.1.1", "private")]
    [InlineData("100.64.0.1", "shared, of carriers")]
    [InlineData("169.254.169.254", "metadata of clouds")]
    [InlineData("169.254.170.2", "metadata of containers")]
    [InlineData("168.63.129.16", "metadata of Azure")]
    [InlineData("192.0.0.192", "metadata of Oracle")]
    [InlineData("100.100.100.200", "metadata of Alibaba")]
    [InlineData("198.18.0.1", "benchmarks")]
    [InlineData("192.0.2.1", "documentation")]
    [InlineData("224.0.0.1", "multicast")]
    [InlineData("239.255.255.250", "multicast")]
    [InlineData("240.0.0.1", "reserved")]
    [InlineData("255.255.255.255", "broadcast")]
    [InlineData("::", "unspecified")]
    [InlineData("::1", "loopback")]
    [InlineData("::127.0.0.1", "IPv4-compatible")]
    [InlineData("::ffff:127.0.0.1", "IPv4-mapped")]
    [InlineData("::ffff:a9fe:a9fe", "IPv4-mapped")]
    [InlineData("::ffff:0:127.0.0.1", "IPv4-translated")]
    [InlineData("64:ff9b::7f00:1", "NAT64")]
    [InlineData("64:ff9b:1::a00:1", "NAT64, local")]
    [InlineData("2002:7f00:1::", "6to4")]
    [InlineData("2002:a9fe:a9fe::1", "6to4")]
    [InlineData("2001:0:7f00:1::", "Teredo")]
    [InlineData("2001:db8::1", "documentation")]
    [InlineData("fe80::1", "link-local")]
    [InlineData("fe80::1%1", "link-local, of an interface")]
    [InlineData("fec0::1", "site-local")]
    [InlineData("fc00::1", "unique local")]
    [InlineData("fd00:ec2::254", "metadata of AWS")]
    [InlineData("ff02::1", "multicast")]
    public async Task A_callback_does_not_go_to_an_address_that_is_not_public(string address, string kind)
    {
        Assert.False(Guard().IsAllowed(IPAddress.Parse(address)), kind);

        // Whether it is written in the callback, or a name leads there, alone or among public ones.
        var host = address.Contains(':', StringComparison.Ordinal) ? $"[{address.Replace("%", "%25", StringComparison.Ordinal)}]" : address;
        Assert.Equal(Refused, (await SendAsync($"https://{host}/hook")).Error);
        Assert.Equal(Refused, (await SendAsync("https://evil.example/hook", IPAddress.Parse(address))).Error);
        Assert.Equal(Refused, (await SendAsync("https://evil.example/hook", IPAddress.Parse("8.8.8.8"), IPAddress.Parse(address))).Error);
    }

    [Theory]
    [InlineData("8.8.8.8")]
    [InlineData("1.1.1.1")]
    [InlineData("172.32.0.1")]
    [InlineData("100.128.0.1")]
    [InlineData("::ffff:8.8.8.8")]
    [InlineData("2606:4700:4700::1111")]
    public void A_public_address_is_one(string address) => Assert.True(Guard().IsAllowed(IPAddress.Parse(address)));

    [Theory]
    [InlineData("https://2130706433/")]
    [InlineData("https://0177.0.0.1/")]
    [InlineData("https://0x7f.0.0.1/")]
    [InlineData("https://0x7f000001/")]
    [InlineData("https://127.1/")]
    [InlineData("https://0/")]
    [InlineData("https://169.254.43518/")]
    [InlineData("https://0xa9fea9fe/")]
    [InlineData("https://127.0.0.1./")]
    [InlineData("https://１２７.０.０.１/")]
    [InlineData("https://[0:0:0:0:0:ffff:7f00:1]/")]
    public async Task However_an_address_is_written(string url)
    {
        // Some are numbers to the reader of addresses; others are names to it, and numbers to the system's resolver.
        var reply = await SendAsync(url, IPAddress.Loopback);

        Assert.Equal(Refused, reply.Error);
    }

    [Fact]
    public async Task A_name_that_leads_elsewhere_the_second_time_is_found_out()
    {
        await using var receiver = await Receiver.StartAsync(Stop);
        receiver.Answer = http =>
        {
            http.Response.Headers.Connection = "close";
            return Task.CompletedTask;
        };
        var answers = new Queue<IPAddress>([IPAddress.Loopback, IPAddress.Parse("127.0.0.2")]);
        using var sender = new CallbackSender(new(() => ["127.0.0.1/32"], (_, _) => Task.FromResult<IPAddress[]>([answers.Dequeue()])), TimeProvider.System);
        var url = new UriBuilder(receiver.Url) { Host = "rebinding.example" }.ToString();

        Assert.Equal(HttpStatusCode.OK, (await sender.SendAsync(Callback(url), Config, Stop)).Status);
        Assert.Equal(Refused, (await sender.SendAsync(Callback(url), Config, Stop)).Error);
        Assert.Single(receiver.Received);
    }

    [Theory]
    [InlineData("http://169.254.169.254/latest/meta-data/")]
    [InlineData("/elsewhere")]
    public async Task A_redirect_is_not_followed(string location)
    {
        await using var receiver = await Receiver.StartAsync(Stop);
        receiver.Answer = http =>
        {
            (http.Response.StatusCode, http.Response.Headers.Location) = (307, location);
            return Task.CompletedTask;
        };
        using var sender = new CallbackSender(new(() => ["127.0.0.0/8"], Dns.GetHostAddressesAsync), TimeProvider.System);

        Assert.Equal(HttpStatusCode.TemporaryRedirect, (await sender.SendAsync(Callback(receiver.Url), Config, Stop)).Status);
        Assert.Equal("/hook", Assert.Single(receiver.Received).Path);
    }

    [Fact]
    public async Task What_went_wrong_is_said_in_our_own_words()
    {
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var port = ((IPEndPoint)closed.LocalEndpoint).Port;
        closed.Stop();
        using var sender = new CallbackSender(new(() => ["127.0.0.0/8"], (_, _) => throw new SocketException((int)SocketError.HostNotFound)), TimeProvider.System);

        Assert.Equal("The receiver could not be connected to.", (await sender.SendAsync(Callback($"http://127.0.0.1:{port}/"), Config, Stop)).Error);
        Assert.Equal("The name of the receiver is not known.", (await sender.SendAsync(Callback("http://nowhere.example/"), Config, Stop)).Error);
        await using var receiver = await Receiver.StartAsync(Stop);
        Assert.Equal("There is no secure connection to the receiver: its certificate, or its TLS.",
            (await sender.SendAsync(Callback(receiver.Url.Replace("http:", "https:", StringComparison.Ordinal)), Config, Stop)).Error);
        Assert.Equal("There is no secret to sign it with any more.", (await sender.SendAsync(Callback(receiver.Url) with { Tenant = "other" }, Config, Stop)).Error);
        Assert.Empty(receiver.Received);
    }

    private static CallbackConfig Config => new() { Secrets = [new(Secret)] };

    private static AddressGuard Guard(params IPAddress[] addresses) => new(() => [], (_, _) => Task.FromResult(addresses));

    private static Callback Callback(string url) => new("msg_1", Guid.Empty, null, url, "", "task.failed", default, "{}"u8.ToArray(), 0);

    private static async Task<CallbackReply> SendAsync(string url, params IPAddress[] addresses)
    {
        using var sender = new CallbackSender(Guard(addresses), TimeProvider.System);
        return await sender.SendAsync(Callback(url), Config, Stop);
    }
}
