using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.Api.Http;

/// <summary>Refuses query parameters that an endpoint does not know: a misspelt filter must not pass for no filter.</summary>
internal static class QueryParameters
{
    /// <summary>Lets only <paramref name="names"/> through.</summary>
    public static TBuilder WithQuery<TBuilder>(this TBuilder endpoint, params string[] names)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.AddEndpointFilter((context, next) =>
            context.HttpContext.Request.Query.Keys.FirstOrDefault(key => !names.Contains(key)) is { } unknown
                ? throw Unknown(unknown, names)
                : next(context));

    private static ProblemException Unknown(string name, string[] names) => new("unknown-parameter", StatusCodes.Status400BadRequest,
        $"There is no query parameter '{name}' here; there {(names.Length == 0 ? "are none" : $"is: {string.Join(", ", names)}")}.")
    {
        Field = name,
    };
}
