using System.Globalization;
using CodeAgent.Api.Tasks;
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

    /// <summary>Reads the size of a page.</summary>
    /// <param name="text">What the client wrote; null where it wrote nothing.</param>
    /// <param name="standard">The size then.</param>
    /// <param name="most">The largest size.</param>
    /// <exception cref="ProblemException">400 where it is no number from 1 to <paramref name="most"/>.</exception>
    public static int PageSize(string? text, int standard, int most) =>
        text is null ? standard
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size >= 1 && size <= most ? size
        : throw TaskProblems.Invalid("limit", $"limit is 1 to {most}.");

    private static ProblemException Unknown(string name, string[] names) => new("unknown-parameter", StatusCodes.Status400BadRequest,
        $"There is no query parameter '{name}' here; there {(names.Length == 0 ? "are none" : $"is: {string.Join(", ", names)}")}.")
    {
        Field = name,
    };
}
