using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.ServiceDefaults.Identity;

namespace CodeAgent.LlmGateway.Routing;

/// <summary>
/// What the requests of a conversation have in common, so that they go where the provider has the conversation in its cache:
/// the task of a task token; else what the caller names (<c>prompt_cache_key</c>, a session header, <c>metadata.user_id</c>);
/// else the first message of the user, which stays the same while a conversation grows.
/// </summary>
internal static class ConversationKey
{
    // codex; what others use; opencode.
    private static readonly string[] SessionHeaders = ["session_id", "session-id", "x-session-id", "x-session-affinity", "x-opencode-session"];

    /// <summary>The task or session of a request; null where it names none.</summary>
    public static string? Session(HttpContext http)
    {
        if (http.User.TaskToken() is { } token)
        {
            return token.Task.ToString();
        }

        foreach (var name in SessionHeaders)
        {
            if (http.Request.Headers.TryGetValue(name, out var value) && value.Count == 1 && value[0] is { Length: > 0 and <= 256 } session)
            {
                return session;
            }
        }

        return null;
    }

    /// <summary>The conversation of a request; null where it has none, or where it makes no difference.</summary>
    public static ulong? Of(ModelRequest request, ModelRoute route)
    {
        if (route.Affinity == Affinity.Off || route.Deployments.Count == 1 || request.Operation != Operation.Generate)
        {
            return null;
        }

        var caller = Rendezvous.Hash(request.Caller);
        return (request.Session ?? request.PromptCacheKey ?? request.UserId) is { } session ? Rendezvous.Hash(session, caller)
            : route.Affinity == Affinity.Auto && !request.FirstMessage.IsEmpty ? Rendezvous.Hash(request.FirstMessage.Span, Rendezvous.Hash(route.Model, caller))
            : null;
    }
}
