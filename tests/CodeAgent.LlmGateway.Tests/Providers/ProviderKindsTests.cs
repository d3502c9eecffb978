using System.Text;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Providers;
using CodeAgent.LlmGateway.Providers.Http;
using Microsoft.AspNetCore.Http;

namespace CodeAgent.LlmGateway.Tests.Providers;

public sealed class ProviderKindsTests
{
    private static UpstreamRequest Request(Protocol protocol, Operation operation, string model, bool isStream = false, string query = "", string body = """{"model":"m"}""", Protocol? caller = null)
    {
        var origin = new ModelRequest(caller ?? protocol, operation, Encoding.UTF8.GetBytes(body), "m", isStream) { Query = HeaderFilter.WithoutKey(new QueryString(query)) };
        return new(origin, protocol, model, origin.With(model));
    }

    [Theory]
    [InlineData("Messages", "Generate", "x", false, "?beta=true&key=canary&api_key=canary", "/messages?beta=true")]
    [InlineData("Messages", "CountTokens", "x", false, "?beta=true", "/messages/count_tokens?beta=true")]
    [InlineData("Gemini", "Generate", "gemini-3.8-flash", true, "?alt=sse&key=canary", "/models/gemini-3.8-flash:streamGenerateContent?alt=sse")]
    [InlineData("Gemini", "Generate", "../files/x?y#z", false, "", "/models/..%2Ffiles%2Fx%3Fy%23z:generateContent")]
    [InlineData("Gemini", "Generate", "tunedModels/mine", false, "", "/tunedModels/mine:generateContent")]
    [InlineData("Gemini", "Embed", "e", false, "", "/models/e:embedContent")]
    [InlineData("Chat", "Generate", "x", true, "?a=b%26c", "/chat/completions?a=b%26c")]
    public void A_path_is_the_protocols_with_the_callers_query_but_for_keys(string protocol, string operation, string model, bool isStream, string query, string path) =>
        Assert.Equal(path, ProviderKinds.Path(Request(Enum.Parse<Protocol>(protocol), Enum.Parse<Operation>(operation), model, isStream, query), new()));

    [Fact]
    public void What_is_configured_comes_before_what_the_caller_says()
    {
        var azure = new ProviderConfig { Kind = ProviderKind.Azure, Query = new() { ["api-version"] = new("preview", []) } };

        Assert.Equal("/chat/completions?api-version=preview&b=2", ProviderKinds.Path(Request(Protocol.Chat, Operation.Generate, "x", query: "?api-version=2024&b=2"), azure));
        Assert.Equal("/chat/completions?api-version=preview", ProviderKinds.Path(Request(Protocol.Chat, Operation.Generate, "x", query: "?b=2", caller: Protocol.Messages), azure));
    }

    [Fact]
    public void A_batch_has_the_providers_name_of_the_model_in_each_request()
    {
        var request = Request(Protocol.Gemini, Operation.Embed, "real", body: """{"requests":[{"model":"models/m","content":{"model":"not this"}},{"content":{},"model":"models/m"}]}""");

        Assert.Equal("/models/real:batchEmbedContents", ProviderKinds.Path(request, new()));
        Assert.Equal("""{"requests":[{"model":"models/real","content":{"model":"not this"}},{"content":{},"model":"models/real"}]}""",
            string.Concat(request.Body.Select(piece => Encoding.UTF8.GetString(piece.Span))));
        Assert.Equal("""{"generateContentRequest":{"contents":[],"model":"models/real"}}""",
            string.Concat(Request(Protocol.Gemini, Operation.CountTokens, "real", body: """{"generateContentRequest":{"contents":[],"model":"models/m"}}""").Body.Select(piece => Encoding.UTF8.GetString(piece.Span))));
    }

    [Theory]
    [InlineData("x-team", "blue", true)]
    [InlineData("HTTP-Referer", "https://example.com", true)]
    [InlineData("host", "h", false)]
    [InlineData("Content-Length", "1", false)]
    [InlineData("a b", "c", false)]
    [InlineData("a", "b\r\nc: d", false)]
    public void Only_headers_that_can_be_sent_are_taken(string name, string value, bool expected) => Assert.Equal(expected, ProviderKinds.IsHeader(name, value));
}
