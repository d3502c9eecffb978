using System.Buffers;
using System.Text;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Protocols.Neutral;
using CodeAgent.LlmGateway.Tests.Protocols;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Testing;

namespace CodeAgent.LlmGateway.Tests.Calls;

public sealed class AnswerTranslationTests
{
    private static readonly ModelRequest Request = new(Protocol.Chat, Operation.Generate, Encoding.UTF8.GetBytes("""{"model":"m","stream":true,"messages":[]}"""));

    [Fact]
    public void An_answer_that_a_reader_stumbles_over_is_a_failure_that_its_caller_is_told()
    {
        var (logger, output) = (new FakeLogger(), new ArrayBufferWriter<byte>());
        using var translation = new AnswerTranslation(new Stumbling(), VendorAnswers.Protocols[Protocol.Chat].Writer(Request), isStream: true, logger);

        translation.Add("data: {\"a\":1}\n\ndata: {\"a\":2}\n\n"u8, output);
        translation.End(output);

        Assert.Equal("upstream_invalid", translation.Error?.Code);
        Assert.Contains("\"error\"", Encoding.UTF8.GetString(output.WrittenSpan), StringComparison.Ordinal);
        Assert.Contains("DivideByZeroException", Assert.Single(logger.Collector.GetSnapshot()).Message, StringComparison.Ordinal);
        Assert.DoesNotContain("what was said", logger.LatestRecord.Message + logger.LatestRecord.Exception, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_writer_that_never_came_to_its_end_keeps_no_request_open()
    {
        var request = new DefaultHttpContext();
        var output = new CallerOutput(request, Request, TimeSpan.FromSeconds(60), TimeProvider.System);
        await output.EnterAsync();

        await output.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    private sealed class Stumbling : AnswerReader
    {
        public override void Data(ReadOnlySpan<byte> data, List<AnswerEvent> events) => throw new DivideByZeroException("what was said");

        public override void Whole(ReadOnlySpan<byte> json, List<AnswerEvent> events) => throw new DivideByZeroException("what was said");
    }
}
