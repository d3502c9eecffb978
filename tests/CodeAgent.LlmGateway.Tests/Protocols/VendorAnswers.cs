using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Protocols.Chat;
using CodeAgent.LlmGateway.Protocols.Gemini;
using CodeAgent.LlmGateway.Protocols.Messages;
using CodeAgent.LlmGateway.Protocols.Responses;
using Microsoft.Extensions.Time.Testing;

namespace CodeAgent.LlmGateway.Tests.Protocols;

/// <summary>Answers in the exact form that vendors send, a folder for each protocol: streams (<c>.sse</c>) and whole ones (<c>.json</c>).</summary>
internal static class VendorAnswers
{
    public static ProtocolSet Protocols { get; } = new(
    [
        new ChatProtocol(new FakeTimeProvider()), new ResponsesProtocol(new FakeTimeProvider()), new MessagesProtocol(), new GeminiProtocol(),
    ]);

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Protocols", "Data");

    /// <summary>Those of OpenAI's two protocols, such as <c>chat/openai-text.sse</c>.</summary>
    public static IEnumerable<string> OfOpenAi => Names("chat").Concat(Names("responses"));

    public static IEnumerable<string> Names(string folder, string pattern = "*") => Directory.GetFiles(Path.Combine(Folder, folder), pattern)
        .Where(path => Path.GetExtension(path) is ".sse" or ".json").Select(path => Path.GetRelativePath(Folder, path)).Order(StringComparer.Ordinal);

    public static Protocol ProtocolOf(string name) => Enum.Parse<Protocol>(name.Split('/')[0], ignoreCase: true);

    public static Task<byte[]> BytesAsync(string name) => File.ReadAllBytesAsync(Path.Combine(Folder, name), TestContext.Current.CancellationToken);

    /// <summary>What is to be understood of it.</summary>
    public static Task<string> ExpectedAsync(string name) => File.ReadAllTextAsync(Path.Combine(Folder, name + ".events"), TestContext.Current.CancellationToken);
}
