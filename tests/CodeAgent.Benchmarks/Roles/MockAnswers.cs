using System.Text;

namespace CodeAgent.Benchmarks.Roles;

/// <summary>What the mock says, made once.</summary>
internal static class MockAnswers
{
    /// <summary>Stands before the time of sending in a frame.</summary>
    public const string Stamp = "sent at ";

    public const int BurstFrames = 32;
    public const int PacedFrames = 40;
    public static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(5);
    public static readonly TimeSpan ThinkTime = TimeSpan.FromMilliseconds(20);
    public static readonly TimeSpan SlowTime = TimeSpan.FromMilliseconds(200);

    private const string Usage = """
        "usage":{"prompt_tokens":1200,"completion_tokens":64,"total_tokens":1264,"prompt_tokens_details":{"cached_tokens":1024}}
        """;

    private const string Head = """
        "id":"chatcmpl-benchmark","created":1790000000,"model":"mock","system_fingerprint":"fp_mock"
        """;

    public static byte[] Whole { get; } = Bytes($$$"""
        {"object":"chat.completion",{{{Head}}},"choices":[{"index":0,"message":{"role":"assistant","content":"The function reads the file twice. Keep the first result in a variable, and pass it to the second call; then the test that counts the reads passes as well."},"finish_reason":"stop"}],{{{Usage}}}}
        """);

    public static byte[] Frame { get; } = Bytes($$$"""data: {"object":"chat.completion.chunk",{{{Head}}},"choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}{{{"\n\n"}}}""");

    /// <summary>A frame up to the time of sending, and the rest of it.</summary>
    public static byte[] StampHead { get; } = Bytes($$$"""data: {"object":"chat.completion.chunk",{{{Head}}},"choices":[{"index":0,"delta":{"content":"{{{Stamp}}}""");

    public static byte[] StampTail { get; } = Bytes($$$""" "},"finish_reason":null}]}{{{"\n\n"}}}""");

    /// <summary>How a stream ends.</summary>
    public static byte[] End { get; } = Bytes(
        $$$"""data: {"object":"chat.completion.chunk",{{{Head}}},"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}{{{"\n\n"}}}"""
        + $$$"""data: {"object":"chat.completion.chunk",{{{Head}}},"choices":[],{{{Usage}}}}{{{"\n\n"}}}"""
        + "data: [DONE]\n\n");

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
