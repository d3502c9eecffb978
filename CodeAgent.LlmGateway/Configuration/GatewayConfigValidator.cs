using CodeAgent.LlmGateway.Providers;
using CodeAgent.ServiceDefaults.Configuration;

namespace CodeAgent.LlmGateway.Configuration;

internal static class GatewayConfigValidator
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);

    public static void Validate(GatewayConfig config, ConfigProblems problems)
    {
        foreach (var (name, provider) in config.Providers)
        {
            problems.Require(name.Length > 0 && !name.Contains('/'), $"providers.{name}", "a provider's name has no '/': it stands before one in provider/model");
            Validate(provider, $"providers.{name}", problems);
        }

        foreach (var (name, model) in config.Models)
        {
            ModelConfigValidator.Validate(name, model, config, problems);
        }

        problems.Require(config.Default.Count > 0, "default", "the list is empty; the model 'default' would be nothing");
        for (var i = 0; i < config.Default.Count; i++)
        {
            problems.Require(config.Models.ContainsKey(config.Default[i]), $"default[{i}]",
                $"there is no model '{config.Default[i]}'; there are: {string.Join(", ", config.Models.Keys)}");
        }

        problems.Require(config.MaxRequestBytes is >= 1024 and <= 1024 * 1024 * 1024, "maxRequestBytes", "1024 to 1073741824 bytes");
        problems.Require(config.Turns.MaxAnswerBytes is >= 0 and <= 256 * 1024 * 1024, "turns.maxAnswerBytes", "0 to 268435456 bytes");
        Between(config.Turns.Keep, TimeSpan.FromMinutes(1), TimeSpan.FromDays(90), "turns.keep", problems);
        Between(config.Turns.KeepForTasks, TimeSpan.FromMinutes(1), TimeSpan.FromDays(90), "turns.keepForTasks", problems);
        problems.Require(config.Cache.MaxAnswerBytes is >= 0 and <= 64 * 1024 * 1024, "cache.maxAnswerBytes", "0 to 67108864 bytes");
        Between(config.Cache.Ttl, TimeSpan.FromSeconds(1), TimeSpan.FromDays(30), "cache.ttl", problems);
        LimitsConfigValidator.Validate(config, problems);
        Validate(config.Retries, problems);
        problems.Require(config.KeepAliveInterval == TimeSpan.Zero || (config.KeepAliveInterval >= Shortest && config.KeepAliveInterval <= TimeSpan.FromMinutes(10)),
            "keepAliveInterval", "0s for none, or a duration from 100 ms to 10 min");
    }

    private static void Validate(ProviderConfig provider, string path, ConfigProblems problems)
    {
        problems.Require(provider.Kind is not null, $"{path}.kind", $"a provider has a kind: {string.Join(", ", Enum.GetNames<ProviderKind>().Select(name => name.ToLowerInvariant()))}");
        if (provider.Kind is not ProviderKind.Simulator)
        {
            problems.Require(
                Uri.TryCreate(provider.BaseUrl, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
                    && url.Query.Length == 0 && url.UserInfo.Length == 0,
                $"{path}.baseUrl", "an http or https address such as https://api.openai.com/v1, without credentials or a query");
        }

        foreach (var (name, value) in provider.Headers)
        {
            problems.Require(ProviderKinds.IsHeader(name, value.Reveal()), $"{path}.headers.{name}",
                "a header of the gateway's own making, or characters that no header has; connection, content and host headers are not set here");
        }

        problems.Require(provider.MaxOutputTokens is null or (>= 1 and <= 1_000_000), $"{path}.maxOutputTokens", "1 to 1000000 tokens");
        Between(provider.ConnectTimeout, Shortest, TimeSpan.FromMinutes(2), $"{path}.connectTimeout", problems);
        Between(provider.AnswerTimeout, Shortest, TimeSpan.FromDays(1), $"{path}.answerTimeout", problems);
        Between(provider.SilenceTimeout, Shortest, TimeSpan.FromDays(1), $"{path}.silenceTimeout", problems);
        Between(provider.FirstTokenTimeout, Shortest, TimeSpan.FromDays(1), $"{path}.firstTokenTimeout", problems);
        problems.Require(provider.MaxRetries is >= 0 and <= 10, $"{path}.maxRetries", "0 to 10");
        var breaker = provider.Breaker;
        problems.Require(breaker.Failures is >= 1 and <= 1000, $"{path}.breaker.failures", "1 to 1000");
        problems.Require(breaker.Ratio is > 0 and <= 1, $"{path}.breaker.ratio", "above 0, up to 1");
        problems.Require(breaker.AtLeast is >= 2 and <= 100_000, $"{path}.breaker.atLeast", "2 to 100000");
        Between(breaker.Window, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10), $"{path}.breaker.window", problems);
        Between(breaker.Cooldown, TimeSpan.FromMilliseconds(500), TimeSpan.FromHours(1), $"{path}.breaker.cooldown", problems);
        WithoutEffect(provider, path, problems);
    }

    // Whoever wrote such a setting believes that it protects them.
    private static void WithoutEffect(ProviderConfig provider, string path, ConfigProblems problems)
    {
        var given = new ProviderConfig();
        if (provider.Kind == ProviderKind.Simulator)
        {
            const string Reason = "it does nothing: the simulator is no server";
            problems.Require(provider.ConnectTimeout == given.ConnectTimeout, $"{path}.connectTimeout", Reason);
            problems.Require(provider.CaFile is null, $"{path}.caFile", Reason);
            problems.Require(provider.MaxRetries == given.MaxRetries, $"{path}.maxRetries", "it does nothing: the simulator plays its script, it never fails by itself");
            return;
        }

        problems.Require(provider.CaFile is null || provider.BaseUrl?.StartsWith("https:", StringComparison.OrdinalIgnoreCase) == true, $"{path}.caFile",
            "it does nothing: the address is not https");
        if (provider.CaFile is { } caFile && CertificateFile.Problem(caFile) is { } problem)
        {
            problems.Add($"{path}.caFile", problem);
        }

        problems.Require(provider.ConnectTimeout == given.ConnectTimeout
                || provider.ConnectTimeout < (provider.FirstTokenTimeout > provider.AnswerTimeout ? provider.FirstTokenTimeout : provider.AnswerTimeout),
            $"{path}.connectTimeout", "it does nothing: firstTokenTimeout and answerTimeout are not longer");
    }

    private static void Validate(RetriesConfig retries, ConfigProblems problems)
    {
        Between(retries.Wait, TimeSpan.Zero, TimeSpan.FromMinutes(1), "retries.wait", problems);
        Between(retries.Patience, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1), "retries.patience", problems);
        problems.Require(retries.Wait < retries.Patience, "retries.wait", "it does nothing: patience is over before");
        problems.Require(retries.Budget is >= 0 and <= 1, "retries.budget", "0 to 1");
        problems.Require(retries.Floor is >= 0 and <= 1000, "retries.floor", "0 to 1000");
    }

    internal static void Between(TimeSpan value, TimeSpan least, TimeSpan most, string path, ConfigProblems problems) =>
        problems.Require(value >= least && value <= most, path, $"a duration from {least} to {most}");
}
