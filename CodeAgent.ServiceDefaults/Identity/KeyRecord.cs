using System.Text.Json;
using System.Text.Json.Serialization;

namespace CodeAgent.ServiceDefaults.Identity;

/// <summary>What is kept of a key; never the key.</summary>
/// <param name="Id">Names the key where it is listed and revoked.</param>
/// <param name="Name">For people.</param>
/// <param name="Scopes">Some of <see cref="Identity.Scopes.All"/>.</param>
/// <param name="CreatedAt">When it was made.</param>
public sealed record KeyRecord(string Id, string Name, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt);

/// <summary>The JSON of <see cref="KeyRecord"/>.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(KeyRecord))]
public sealed partial class IdentityJson : JsonSerializerContext;
