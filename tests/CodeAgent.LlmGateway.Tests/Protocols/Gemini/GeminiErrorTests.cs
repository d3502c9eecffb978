using System.Text;
using CodeAgent.LlmGateway.Protocols.Gemini;

namespace CodeAgent.LlmGateway.Tests.Protocols.Gemini;

public sealed class GeminiErrorTests
{
    [Fact]
    public async Task An_error_is_read_alone_and_in_a_list_and_so_is_how_long_to_wait()
    {
        var alone = await VendorAnswers.BytesAsync("gemini/error.json");
        byte[] list = [.. "[\n"u8, .. alone, .. "]\n"u8];

        foreach (var body in new[] { alone, list })
        {
            var error = GeminiErrors.Read(429, body);
            Assert.Equal((429, "resource_exhausted", "Quota exceeded."), (error.Status, error.Code, error.Message));
            Assert.Equal(TimeSpan.FromSeconds(31.5), GeminiErrors.RetryDelay(body));
        }
    }

    [Theory]
    [InlineData("", "The provider answered 500 without a reason.")]
    [InlineData("<h1>broken</h1>", "<h1>broken</h1>")]
    [InlineData("[]", "[]")]
    [InlineData("{\"error\":\"text\"}", "{\"error\":\"text\"}")]
    public void What_is_no_error_of_Googles_is_told_as_text(string body, string message)
    {
        var bytes = Encoding.UTF8.GetBytes(body);

        Assert.Equal((500, message), (GeminiErrors.Read(500, bytes).Status, GeminiErrors.Read(500, bytes).Message));
        Assert.Null(GeminiErrors.RetryDelay(bytes));
    }
}
