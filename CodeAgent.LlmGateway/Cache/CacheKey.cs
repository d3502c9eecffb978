using System.Buffers;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Json;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Routing;
using CodeAgent.ServiceDefaults.Identity;

namespace CodeAgent.LlmGateway.Cache;

/// <summary>What an answer is found by: who asks, where it goes, and all of the question.</summary>
internal static class CacheKey
{
    public static string Of(ClaimsPrincipal caller, ModelRequest request, ModelRoute route)
    {
        var question = new ArrayBufferWriter<byte>(request.Body.Length + 1024);

        // In JSON too, so that no text can run over into the next.
        using (var json = new Utf8JsonWriter(question))
        {
            json.WriteStartArray();
            json.WriteStringValue(Tenant(caller));
            json.WriteStringValue(request.Protocol.ToString());
            json.WriteStringValue(request.Operation.ToString());
            json.WriteStringValue(request.Model);
            json.WriteBooleanValue(request.IsStream);
            json.WriteStringValue(request.Query.Value);
            foreach (var (name, value) in request.Headers)
            {
                json.WriteStringValue(name);
                json.WriteStringValue(value);
            }

            // A name that leads elsewhere after a change of the configuration is another question.
            json.WriteStartArray();
            foreach (var deployment in route.Deployments)
            {
                json.WriteStringValue(deployment.ToString());
            }

            json.WriteEndArray();
            json.WriteEndArray();
        }

        CanonicalJson.Write(request.Body, question);
        return Convert.ToHexStringLower(SHA256.HashData(question.WrittenSpan));
    }

    /// <summary>Who shares answers: the keys of a tenant; otherwise a key has its own, and so has a task.</summary>
    private static string Tenant(ClaimsPrincipal caller) => caller.Identity switch
    {
        CallerIdentity { Key: { Tenant: { Length: > 0 } tenant } } => $"tenant {tenant}",
        CallerIdentity { Key: { } key } => $"key {key.Id}",
        _ => $"caller {caller.Name()}",
    };
}
