using CodeAgent.LlmGateway.Routing;
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
            var path = $"models.{name}";
            problems.Require(name != ModelCatalog.Default, path, "'default' is chosen by the list of that name and cannot be a model");
            problems.Require(config.Providers.ContainsKey(model.Provider), $"{path}.provider",
                $"there is no provider '{model.Provider}'; there are: {string.Join(", ", config.Providers.Keys)}");
            problems.Require(model.Model != "", $"{path}.model", "the name is empty");
            if (model.Pricing is { } pricing)
            {
                Price(pricing.InputPerMillion, "inputPerMillion");
                Price(pricing.CachedInputPerMillion ?? 0, "cachedInputPerMillion");
                Price(pricing.OutputPerMillion, "outputPerMillion");
            }

            void Price(decimal price, string field) =>
                problems.Require(price is >= 0 and <= 100_000, $"{path}.pricing.{field}", "a price is 0 to 100000 dollars");
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

        Between(provider.ConnectTimeout, Shortest, TimeSpan.FromMinutes(2), $"{path}.connectTimeout", problems);
        Between(provider.AnswerTimeout, Shortest, TimeSpan.FromDays(1), $"{path}.answerTimeout", problems);
        Between(provider.SilenceTimeout, Shortest, TimeSpan.FromDays(1), $"{path}.silenceTimeout", problems);
    }

    private static void Between(TimeSpan value, TimeSpan least, TimeSpan most, string path, ConfigProblems problems) =>
        problems.Require(value >= least && value <= most, path, $"a duration from {least} to {most}");
}
