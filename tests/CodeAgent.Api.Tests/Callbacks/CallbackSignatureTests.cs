using System.Text;
using CodeAgent.Api.Callbacks;

namespace CodeAgent.Api.Tests.Callbacks;

public sealed class CallbackSignatureTests
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    [Fact]
    public void A_signature_is_that_of_the_libraries_of_Standard_Webhooks() => Assert.Equal(
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        CallbackSignature.Of([Secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, Encoding.UTF8.GetBytes("""{"test": 2432232314}""")));

    [Theory]
    [InlineData("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 24)]
    [InlineData("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 24)]
    [InlineData("whsec_", null)]
    [InlineData("whsec_c2hvcnQ=", null)]
    [InlineData("whsec_not base64 at all, and long enough", null)]
    public void A_secret_is_24_to_64_bytes_in_base64(string text, int? length)
    {
        Assert.Equal(length is not null, CallbackSignature.TryReadSecret(text, out var key));
        Assert.Equal(length, key?.Length);
    }

    [Fact]
    public void A_secret_that_is_too_long_is_none() => Assert.False(CallbackSignature.TryReadSecret("whsec_" + Convert.ToBase64String(new byte[65]), out _));
}
