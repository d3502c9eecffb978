namespace CodeAgent.LlmGateway.Tests.Protocols;

public sealed class VendorAnswerTests
{
    public static TheoryData<string> Answers { get; } = [.. VendorAnswers.OfOpenAi];

    /// <summary>Beside each answer stands what is to be understood of it.</summary>
    [Theory]
    [MemberData(nameof(Answers))]
    public async Task What_a_vendor_sends_is_understood(string name)
    {
        var (protocol, bytes) = (VendorAnswers.Protocols[VendorAnswers.ProtocolOf(name)], await VendorAnswers.BytesAsync(name));

        var understood = name.EndsWith(".sse", StringComparison.Ordinal) ? AnswerText.OfStream(protocol, [bytes]) : AnswerText.OfWhole(protocol, bytes);

        Assert.Equal(await VendorAnswers.ExpectedAsync(name), understood);
    }
}
