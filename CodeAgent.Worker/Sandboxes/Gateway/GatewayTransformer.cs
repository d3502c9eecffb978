using System.Net.Http.Headers;
using System.Text.Json.Serialization;
using Yarp.ReverseProxy.Forwarder;

namespace CodeAgent.Worker.Sandboxes.Gateway;

/// <summary>Puts the lease's token in the place of the key that a program shows, wherever its protocol has it.</summary>
internal sealed class GatewayTransformer : HttpTransformer
{
    private const string Bearer = "Bearer ";
    private const string TraceParent = "traceparent";
    private const string QueryKey = "key";
    private static readonly string[] KeyHeaders = ["x-api-key", "api-key", "x-goog-api-key"];

    /// <summary>The key of a request; none where it has none.</summary>
    public static string? ReadKey(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        var key = header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? header[Bearer.Length..].Trim()
            : KeyHeaders.Select(name => request.Headers[name].ToString()).FirstOrDefault(value => value.Length > 0) ?? request.Query[QueryKey].ToString();
        return key.Length > 0 ? key : null;
    }

    public override async ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        var pass = (GatewayPass)httpContext.Items[typeof(GatewayPass)]!;
        foreach (var name in KeyHeaders)
        {
            proxyRequest.Headers.Remove(name);
        }

        proxyRequest.Headers.Authorization = new AuthenticationHeaderValue("Bearer", pass.Token);
        proxyRequest.Headers.Host = null;
        if (!proxyRequest.Headers.Contains(TraceParent))
        {
            proxyRequest.Headers.TryAddWithoutValidation(TraceParent, pass.TraceParent);
        }

        var query = QueryString.Create(httpContext.Request.Query.Where(pair => pair.Key != QueryKey));
        proxyRequest.RequestUri = RequestUtilities.MakeDestinationAddress(destinationPrefix, httpContext.Request.Path, query);
    }
}

/// <summary>What a program is told that may not through.</summary>
internal sealed record Refusal(string Type, int Status, string Detail);

/// <summary>The JSON of <see cref="Refusal"/>.</summary>
[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Refusal))]
internal sealed partial class RelayJson : JsonSerializerContext;
