using System.Text.Json;

namespace CodeAgent.LlmGateway.Routing;

/// <summary>
/// What a provider's error says by its names for it, and by how its text begins. The rest of the text is not looked at: providers
/// repeat in it what callers sent, and a caller must not be able to have a deployment taken for one whose key is refused.
/// </summary>
/// <param name="Codes">The vendors' codes: <c>code</c>, <c>type</c>, <c>status</c>, and the reasons of Google's details.</param>
/// <param name="Message">The text.</param>
internal readonly record struct FailureWords(IReadOnlyList<string> Codes, string Message)
{
    private static readonly string[] Fields = ["code", "type", "status"];

    private static readonly HashSet<string> SpendLimit = new(StringComparer.OrdinalIgnoreCase)
    {
        "insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "billing_error", "BILLING_DISABLED",
    };

    private static readonly HashSet<string> Key = new(StringComparer.OrdinalIgnoreCase)
    {
        // OpenAI, Anthropic
        "invalid_api_key", "account_deactivated", "invalid_organization", "unsupported_country_region_territory", "authentication_error",

        // Google
        "API_KEY_INVALID", "API_KEY_EXPIRED", "API_KEY_SERVICE_BLOCKED", "API_KEY_HTTP_REFERRER_BLOCKED", "API_KEY_IP_ADDRESS_BLOCKED",
        "SERVICE_DISABLED", "CONSUMER_SUSPENDED", "CONSUMER_INVALID", "USER_PROJECT_DENIED",

        // Azure
        "AccessDenied", "AuthenticationTypeDisabled", "PermissionDenied",
    };

    private static readonly HashSet<string> Model = new(StringComparer.OrdinalIgnoreCase) { "model_not_found", "DeploymentNotFound" };

    // Anthropic and OpenRouter have no code of its own for it.
    public bool MeanSpendLimit => Has(SpendLimit) || Begins("Your credit balance is too low") || Begins("Key limit exceeded");

    /// <summary>Whether it is the gateway's key, or its account, that is refused: everyone's requests would be.</summary>
    public bool MeanKey => Has(Key) || (!MeanPermission && (Begins("Your API key") || Begins("API key")));

    /// <summary>Whether the key may do other things, but not this one.</summary>
    public bool MeanPermission => Codes.Contains("permission_error");

    /// <summary>Whether it is the model that is not there. Servers without a code for it begin so.</summary>
    public bool MeanModel => Has(Model) || Begins("model:") || Begins("model '") || Begins("models/") || Begins("The model ") || Begins("No endpoints found");

    /// <param name="body">The error in any of the protocols' forms.</param>
    public static FailureWords Read(ReadOnlySpan<byte> body)
    {
        List<string> codes = [];
        var message = "";
        try
        {
            var root = JsonElement.Parse(body);
            if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object)
            {
                codes.AddRange(Fields.Select(name => Text(error, name)).OfType<string>());
                message = Text(error, "message") ?? "";
                if (error.TryGetProperty("details", out var details) && details.ValueKind == JsonValueKind.Array)
                {
                    codes.AddRange(details.EnumerateArray().Where(detail => detail.ValueKind == JsonValueKind.Object)
                        .Select(detail => Text(detail, "reason")).OfType<string>());
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Its status is all that it says then. (A text that is no UTF-8 is an invalid operation.)
        }

        return new(codes, message);
    }

    private bool Has(HashSet<string> names) => Codes.Any(names.Contains);

    private bool Begins(string text) => Message.StartsWith(text, StringComparison.OrdinalIgnoreCase);

    private static string? Text(JsonElement error, string name) =>
        error.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
