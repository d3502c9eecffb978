using System.Net;
using System.Text;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing.Redis;

namespace CodeAgent.LlmGateway.Tests.Protocols;

/// <summary>
/// Every protocol of a caller with every protocol of a provider, over HTTP: the same conversation arrives, and each of the
/// recorded answers means the same to the caller as it does in the vendor's own words.
/// </summary>
public sealed class PairingTests(GarnetFixture redis)
{
    private static readonly string[] Folders = ["chat", "responses", "messages", "gemini"];

    public static TheoryData<string, string> Pairs { get; } = new(from caller in Folders from provider in Folders select (caller, provider));

    private static Task<byte[]> RequestAsync(string caller) => VendorAnswers.BytesAsync($"requests/{caller}.json");

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Every_recorded_answer_means_the_same_to_the_caller(string caller, string provider)
    {
        await using var upstream = await MockUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream, provider);
        using var client = gateway.Client();
        var (theirs, ours) = (VendorAnswers.Protocols[Enum.Parse<Protocol>(provider, true)], VendorAnswers.Protocols[Enum.Parse<Protocol>(caller, true)]);

        // Those whose status is an error are another test's.
        foreach (var name in VendorAnswers.Names(provider).Where(name => !name.EndsWith("/error.json", StringComparison.Ordinal)))
        {
            var (bytes, isStream) = (await VendorAnswers.BytesAsync(name), name.EndsWith(".sse", StringComparison.Ordinal));
            upstream.Chat = async http =>
            {
                http.Response.ContentType = isStream ? "text/event-stream" : "application/json";
                await http.Response.Body.WriteAsync(bytes);
            };

            var (status, answer) = await AskAsync(client, caller, await RequestAsync(caller), isStream);

            var meant = Meaning.OfAnswer(theirs, bytes, isStream);
            var understood = status == HttpStatusCode.OK ? Meaning.OfAnswer(ours, answer, isStream) : "failed";
            Assert.True(meant == understood, $"{name}\n--- meant\n{meant}\n--- understood\n{understood}\n--- sent\n{(int)status} {Encoding.UTF8.GetString(answer)}");
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_conversation_with_images_and_results_of_tools_arrives_whole(string caller, string provider)
    {
        await using var upstream = await MockUpstream.StartAsync();
        await using var gateway = await StartAsync(upstream, provider);
        using var client = gateway.Client();
        foreach (var isStream in (bool[])[false, true])
        {
            var asked = await RequestAsync(caller);
            await AskAsync(client, caller, asked, isStream);

            var sent = upstream.Requests.Last();
            var read = Read(provider, sent.Body, isStream);
            Assert.Equal(Read(caller, WithStream(caller, asked, isStream), isStream), read);
            Assert.Contains(isStream && provider == "gemini" ? "upstream-model:streamGenerateContent" : provider == "gemini" ? "upstream-model:generateContent" : "\"upstream-model\"",
                provider == "gemini" ? sent.Target : Encoding.UTF8.GetString(sent.Body), StringComparison.Ordinal);
        }
    }

    private static string Read(string folder, byte[] body, bool isStream)
    {
        var protocol = Enum.Parse<Protocol>(folder, true);
        var conversation = VendorAnswers.Protocols[protocol].Read(new ModelRequest(protocol, Operation.Generate, body, protocol == Protocol.Gemini ? "any" : null, protocol == Protocol.Gemini ? isStream : null));
        return Meaning.OfConversation(conversation);
    }

    // Answers that fail must not keep the others from being asked for.
    private Task<GatewayHost> StartAsync(MockUpstream upstream, string provider) =>
        GatewayHost.StartAsync(redis.ConnectionString, upstream, $", protocols: [{provider}], maxRetries: 0, breaker: {{ failures: 1000, atLeast: 100000 }}");

    private static byte[] WithStream(string caller, byte[] body, bool isStream)
    {
        var wish = !isStream || caller == "gemini" ? "" : caller == "chat" ? "\"stream\":true,\"stream_options\":{\"include_usage\":true}," : "\"stream\":true,";
        return [.. "{"u8, .. Encoding.UTF8.GetBytes(wish), .. body.AsSpan(body.AsSpan().IndexOf((byte)'{') + 1)];
    }

    private static async Task<(HttpStatusCode Status, byte[] Body)> AskAsync(HttpClient client, string caller, byte[] body, bool isStream)
    {
        var path = caller switch
        {
            "chat" => "/v1/chat/completions",
            "responses" => "/v1/responses",
            "messages" => "/v1/messages",
            _ => isStream ? "/v1beta/models/mock-model:streamGenerateContent?alt=sse" : "/v1beta/models/mock-model:generateContent",
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(WithStream(caller, body, isStream)) };
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        using var read = new MemoryStream();
        try
        {
            await response.Content.CopyToAsync(read, TestContext.Current.CancellationToken);
        }
        catch (HttpRequestException)
        {
            // A stream that failed is cut off after its error.
        }

        return (response.StatusCode, read.ToArray());
    }
}
